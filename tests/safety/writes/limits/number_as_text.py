import epics

epics.caput("SR:HC03:SP", "99.5")
epics.caput("SR:HC03:SP", " 0x7f ")
results = {}
