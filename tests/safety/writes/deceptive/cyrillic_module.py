import epics as еpics

еpics.caput("SR:HC01:SP", 1.9)
results = {}
