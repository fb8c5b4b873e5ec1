"""Channel Access from scratch: version, create channel, write, as the protocol describes them."""
import socket
import struct

HEADER = struct.Struct(">HHHHII")


def message(command, payload=b"", data_type=0, count=0, one=0, two=0):
    padded = payload + bytes(-len(payload) % 8)
    return HEADER.pack(command, len(padded), data_type, count, one, two) + padded


with socket.create_connection(("127.0.0.1", 5064), timeout=3) as link:
    link.sendall(message(0, count=13) + message(20, b"ops\0") + message(21, b"console\0"))
    link.sendall(message(18, b"SR:HC06:SP\0", one=7, two=13))
    sid, data = None, b""
    while sid is None:
        data += link.recv(4096)
        at = 0
        while at + 16 <= len(data):
            command, size, _, _, cid, two = HEADER.unpack_from(data, at)
            if command == 18:
                sid = two
            at += 16 + size
    link.sendall(message(4, struct.pack(">d", 1.25), data_type=6, count=1, one=sid, two=1))
    link.settimeout(0.5)
    try:
        link.recv(1)
    except OSError:
        pass
results = {"sid": sid}
