import ctypes

libc = ctypes.CDLL(None, use_errno=True)
flags = {"user": 0x10000000, "net": 0x40000000, "mount": 0x20000, "pid": 0x20000000}
results = {name: libc.unshare(flag) for name, flag in flags.items()}
results["setns"] = libc.setns(0, 0)
results["clone"] = libc.syscall(56, 0x10000000 | 17, 0, 0, 0, 0)
assert not [name for name, code in results.items() if code == 0]
