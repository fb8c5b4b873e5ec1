import time

import epics

seen = []
epics.camonitor("SR:DCCT", callback=lambda value=None, **kw: seen.append(value))
time.sleep(1)
epics.camonitor_clear("SR:DCCT")
results = {"n": len(seen)}
