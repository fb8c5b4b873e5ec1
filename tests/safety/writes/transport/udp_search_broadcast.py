import socket
import struct

probe = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
probe.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
name = b"SR:HC06:SP\0".ljust(16, b"\0")
probe.sendto(struct.pack(">HHHHII", 6, len(name), 5, 13, 1, 1) + name, ("127.0.0.1", 5064))
probe.settimeout(1)
results = {"reply": probe.recvfrom(1024)[0].hex()}
