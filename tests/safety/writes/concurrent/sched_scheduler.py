import sched
import time

import epics

s = sched.scheduler(time.monotonic, time.sleep)
for k in range(3):
    s.enter(0.1 * k, 1, epics.caput, argument=("INJ:TRIG.PROC", 1))
s.run()
results = {"shots": 3}
