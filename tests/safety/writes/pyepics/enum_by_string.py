from epics import get_pv

mode = get_pv("INJ:MODE")
if mode.get(as_string=True) != "SINGLE":
    mode.put("SINGLE", wait=True)
results = {"mode": mode.get(as_string=True)}
