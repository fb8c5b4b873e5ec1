import signal
import time

import epics

signal.signal(signal.SIGALRM, lambda *_: epics.caput("SR:HC07:SP", 0.6))
signal.setitimer(signal.ITIMER_REAL, 0.1)
time.sleep(0.3)
results = {}
