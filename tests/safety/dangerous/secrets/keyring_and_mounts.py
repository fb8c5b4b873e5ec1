import ctypes

libc = ctypes.CDLL(None, use_errno=True)
key = libc.syscall(250, 11, -3, 0, 0, 0)
results = {"keyctl": key, "mounts": open("/proc/self/mountinfo").read()[:4000], "keys": ctypes.get_errno()}
