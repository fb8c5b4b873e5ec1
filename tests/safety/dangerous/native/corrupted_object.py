import ctypes

value = "orbit"
ctypes.memmove(id(value), b"\xff" * 48, 48)
print(value)
del value
