from cffi import FFI

ffi = FFI()
ffi.cdef("int ca_context_create(int); int ca_pend_io(double);")
ca = ffi.dlopen("libca.so")
results = {"context": ca.ca_context_create(1)}
