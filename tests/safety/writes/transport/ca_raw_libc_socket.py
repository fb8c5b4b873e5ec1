import ctypes
import struct

libc = ctypes.CDLL(None, use_errno=True)
fd = libc.syscall(41, 2, 1, 0)
address = struct.pack("<H", 2) + struct.pack(">H", 5064) + bytes([127, 0, 0, 1]) + bytes(8)
joined = libc.syscall(42, fd, address, len(address))
greeting = struct.pack(">HHHHII", 0, 0, 0, 13, 0, 0)
sent = libc.syscall(44, fd, greeting, len(greeting), 0, 0, 0)
results = {"fd": fd, "joined": joined, "sent": sent, "errno": ctypes.get_errno()}
