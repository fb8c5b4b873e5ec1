import epics

epics.caput("SR:HC01:CURRENT", 40.0)
epics.caput("SR:HC01:CURRENT.VAL", 40.0)
results = {}
