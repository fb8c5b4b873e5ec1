import atexit

import epics

start = epics.caget("SR:HC04:SP")
atexit.register(epics.caput, "SR:HC04:SP", (start or 0) + 0.5)
results = {"start": start}
