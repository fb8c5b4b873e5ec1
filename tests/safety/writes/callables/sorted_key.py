import epics

candidates = {"SR:HC01:SP": 0.1, "SR:HC02:SP": 0.05}
order = sorted(candidates, key=lambda name: epics.caput(name, candidates[name]) or 0)
results = {"order": order}
