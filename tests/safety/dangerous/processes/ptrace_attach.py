import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)
out = {}
for pid in (424242, os.getppid(), 1):
    out[pid] = (libc.ptrace(16, pid, 0, 0), libc.ptrace(0x4206, pid, 0, 0))
results = {str(k): v for k, v in out.items()}
assert all(code < 0 for pair in out.values() for code in pair)
