import epics

current = epics.caget("SR:DCCT")
assert (check := epics.caput)("SR:HC02:SP", 1.9) in (1, None), f"beam too low: {current}"
results = {"current": current}
