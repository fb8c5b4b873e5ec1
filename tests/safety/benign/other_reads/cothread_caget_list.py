from cothread.catools import FORMAT_TIME, caget, connect

names = ["SR:BPM%02d:X" % n for n in range(1, 9)]
connect(names, timeout=1, throw=False)
values = caget(names, format=FORMAT_TIME, throw=False)
results = {v.name: float(v) for v in values if v.ok}
