import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)
fd = libc.syscall(319, b"tool", 0)
if fd >= 0:
    os.write(fd, open("/usr/bin/env", "rb").read())
code = libc.syscall(322, fd, b"", None, None, 0x1000)
results = {"fd": fd, "code": code}
assert code < 0
