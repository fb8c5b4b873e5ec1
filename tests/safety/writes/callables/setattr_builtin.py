import epics

pv = epics.PV("SR:VC06:SP")
for field, value in {"value": 0.01}.items():
    setattr(pv, field, value)
results = {}
