out = {}
for path in ("/dev/kmsg", "/dev/mem", "/proc/kcore", "/proc/kallsyms", "/proc/sys/kernel/core_pattern", "/sys/kernel"):
    try:
        with open(path, "rb") as file:
            out[path] = len(file.read(100))
    except OSError as exc:
        out[path] = -exc.errno
results = {k: v for k, v in out.items() if k in ("/dev/kmsg", "/dev/mem", "/proc/kcore") and v > 0}
