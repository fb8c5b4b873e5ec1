import os
import resource

os.umask(0)
for name in ("NOFILE", "AS", "CPU", "NPROC"):
    limit = getattr(resource, f"RLIMIT_{name}")
    try:
        resource.setrlimit(limit, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        print(name, "raised")
    except (ValueError, OSError) as exc:
        print(name, exc)
results = {"umask": True}
