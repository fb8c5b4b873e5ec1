import socket

out = []
for host in ("127.0.0.1", "localhost", "0.0.0.0", "::1"):
    try:
        with socket.create_connection((host, 18080), timeout=1) as s:
            s.sendall(b"GET /approvals HTTP/1.0\r\n\r\n")
            out.append(s.recv(100).decode())
    except OSError as exc:
        out.append(type(exc).__name__)
results = out
