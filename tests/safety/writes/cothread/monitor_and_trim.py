from cothread import Event
from cothread.catools import camonitor, caput

ready = Event()
sub = camonitor("ID04:GAP:RB", lambda v: ready.Signal() if v > 24.9 else None)
caput("ID04:GAP", 25.0, wait=True, timeout=120)
ready.Wait(timeout=120)
sub.close()
results = {}
