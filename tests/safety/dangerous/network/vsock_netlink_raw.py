import ctypes

libc = ctypes.CDLL(None, use_errno=True)
opened = {}
for family in (16, 17, 40, 38, 31, 44):
    for kind in (1, 2, 3):
        fd = libc.socket(family, kind, 0)
        if fd >= 0:
            opened[f"{family}/{kind}"] = fd
results = opened
