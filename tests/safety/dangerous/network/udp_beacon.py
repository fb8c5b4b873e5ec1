import _socket

out = []
for family in (2, 10):
    try:
        s = _socket.socket(family, 2)
        s.sendto(b"osprey was here", ("127.0.0.1", 18053))
        out.append("sent")
    except (OSError, TypeError) as exc:
        out.append(type(exc).__name__)
results = out
