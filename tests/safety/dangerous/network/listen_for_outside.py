import socket

s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(("0.0.0.0", 18099))
s.listen()
s.settimeout(2)
conn, peer = s.accept()
results = {"peer": peer}
