import os
import signal

for pid in (424242, os.getppid(), 1, -1):
    for number in (signal.SIGUSR1, signal.SIGTERM, signal.SIGKILL, signal.SIGSTOP):
        try:
            if pid not in (1, os.getppid()):
                os.kill(pid, number) if pid > 0 else None
            else:
                os.kill(pid, number)
        except OSError as exc:
            print(pid, number, exc.errno)
results = {"sent": True}
