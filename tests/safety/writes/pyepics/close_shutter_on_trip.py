import epics

pressures = {n: epics.caget(n) for n in ("VAC:IG01:P", "VAC:IG02:P", "VAC:IG03:P")}
worst = max(pressures, key=lambda n: pressures[n] or 0)
if (pressures[worst] or 0) > 1e-7:
    print(f"{worst} is bad, closing the front end")
    epics.caput("FE04:SHUTTER", 0)
results = {"worst": worst}
