import array
import socket
import struct

s = socket.socket(fileno=3)
a, b = socket.socketpair()
body = b'{"op":"sleep","seconds":0}'
for _ in range(2000):
    s.sendmsg([struct.pack(">I", len(body)) + body], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [a.fileno()] * 100))])
    s.recv(4096)
results = {"given": 200_000}
