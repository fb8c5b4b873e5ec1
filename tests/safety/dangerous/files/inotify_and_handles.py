import ctypes

libc = ctypes.CDLL(None, use_errno=True)
fd = libc.inotify_init()
results = {"watch": libc.inotify_add_watch(fd, b"/srv/control-room", 0xFFF), "handle": libc.syscall(304, -100, 0, 0)}
