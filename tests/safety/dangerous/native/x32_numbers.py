import ctypes

libc = ctypes.CDLL(None, use_errno=True)
codes = {n: libc.syscall(0x40000000 | n, 2, 1, 0) for n in (41, 59, 101, 272)}
results = {str(k): v for k, v in codes.items()}
assert all(code < 0 for code in codes.values())
