import ctypes

libc = ctypes.CDLL(None, use_errno=True)
wanted = {"dumpable": (4, 1), "subreaper": (36, 1), "keepcaps": (8, 1), "seccomp off": (22, 0), "pdeathsig": (1, 0), "ptracer": (0x59616D61, 2**64 - 1)}
results = {name: libc.prctl(option, ctypes.c_ulong(value), 0, 0, 0) for name, (option, value) in wanted.items()}
assert results["seccomp off"] != 0
