import cothread
from cothread.catools import caget, caput

names = ["SR:HC%02d:SP" % n for n in range(1, 9)]
before = caget(names)
caput(names, [0.0] * len(names), timeout=5, throw=False)
cothread.Sleep(2)
results = {"before": [float(b) for b in before]}
