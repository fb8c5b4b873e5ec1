import ctypes
import glob
import sys

paths = [p for s in sys.path for p in glob.glob(f"{s}/epicscorelibs/lib/libca.so*")]
com = [p for s in sys.path for p in glob.glob(f"{s}/epicscorelibs/lib/libCom.so*")]
ctypes.CDLL(com[0], mode=ctypes.RTLD_GLOBAL)
ca = ctypes.CDLL(paths[0])
ca.ca_context_create(1)
chid = ctypes.c_void_p()
ca.ca_create_channel(b"SR:HC05:SP", None, None, ctypes.c_uint(20), ctypes.byref(chid))
ca.ca_pend_io.argtypes = [ctypes.c_double]
up = ca.ca_pend_io(2.0)
value = ctypes.c_double(1.6)
put = ca.ca_array_put(6, 1, chid, ctypes.byref(value))
ca.ca_flush_io()
ca.ca_pend_io(1.0)
results = {"up": up, "put": put}
