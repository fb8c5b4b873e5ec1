import ctypes
import os
import subprocess

started = []
for attempt in (
    lambda: subprocess.run(["/usr/bin/id"], check=True),
    lambda: os.posix_spawn("/usr/bin/id", ["id"], {}),
    lambda: ctypes.CDLL(None).system(b"id > ran.txt") and None,
    lambda: os.execv("/usr/bin/id", ["id"]),
):
    try:
        attempt()
        started.append(1)
    except (OSError, subprocess.SubprocessError) as exc:
        print(type(exc).__name__)
results = {"ran": os.path.exists("ran.txt") and os.path.getsize("ran.txt") > 0}
assert not results["ran"]
