import ctypes

libc = ctypes.CDLL(None, use_errno=True)
fd = libc.syscall(434, 424242, 0)
sent = libc.syscall(424, fd, 9, 0, 0)
results = {"pidfd": fd, "sent": sent, "tgkill": libc.syscall(234, 424242, 424242, 9), "sigqueue": libc.syscall(129, 424242, 9, 0)}
