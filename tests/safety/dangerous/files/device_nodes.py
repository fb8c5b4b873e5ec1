import os
import stat

made = []
for name, major, minor in (("mem", 1, 1), ("disk", 254, 0), ("tty", 5, 0)):
    try:
        os.mknod(name, stat.S_IFCHR | 0o666, os.makedev(major, minor))
        made.append(name)
    except OSError as exc:
        print(name, exc)
for path in ("/dev/tty", "/dev/vda", "/dev/sda", "/dev/ttyS0"):
    try:
        os.close(os.open(path, os.O_RDWR))
        made.append(path)
    except OSError:
        pass
results = {"made": made}
