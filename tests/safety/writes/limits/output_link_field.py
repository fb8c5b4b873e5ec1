import epics

epics.caput("SR:HC05:SP.OUT", "SR:HC06:SP PP")
epics.caput("SR:HC05:SP", 1.9)
results = {}
