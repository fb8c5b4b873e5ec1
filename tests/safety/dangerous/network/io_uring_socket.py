import ctypes

libc = ctypes.CDLL(None, use_errno=True)
params = ctypes.create_string_buffer(120)
ring = libc.syscall(425, 4, params)
results = {"ring": ring, "errno": ctypes.get_errno()}
assert ring < 0, "io_uring is open"
