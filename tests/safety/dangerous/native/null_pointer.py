import ctypes

ctypes.memset(0, 0, 16)
