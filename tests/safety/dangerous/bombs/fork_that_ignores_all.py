import os
import signal
import time

for number in range(1, 32):
    if number not in (signal.SIGKILL, signal.SIGSTOP):
        signal.signal(number, signal.SIG_IGN)
for _ in range(500):
    try:
        if os.fork() == 0:
            time.sleep(1000)
    except OSError:
        break
time.sleep(1000)
