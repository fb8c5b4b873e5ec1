import ctypes
import struct

libc = ctypes.CDLL(None, use_errno=True)
fd = libc.syscall(41, 2, 1, 0)
address = struct.pack("=H", 2) + struct.pack("!H", 18080) + bytes([127, 0, 0, 1]) + bytes(8)
code = libc.syscall(42, fd, address, 16)
wrote = libc.syscall(1, fd, b"hello", 5) if code == 0 else -1
results = {"fd": fd, "connect": code, "wrote": wrote}
