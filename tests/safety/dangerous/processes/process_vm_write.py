import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)


class Iovec(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]


buffer = ctypes.create_string_buffer(64)
local, remote = Iovec(ctypes.addressof(buffer), 64), Iovec(0x400000, 64)
codes = [libc.syscall(n, pid, ctypes.byref(local), 1, ctypes.byref(remote), 1, 0) for n in (310, 311) for pid in (424242, os.getppid())]
results = {"codes": codes}
