import signal

signal.signal(signal.SIGXCPU, signal.SIG_IGN)
n = 0
while True:
    n = (n * 6364136223846793005 + 1) % (1 << 64)
