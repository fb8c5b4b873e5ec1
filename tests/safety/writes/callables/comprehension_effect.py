from epics import get_pv

pvs = [get_pv(f"SR:HC{n:02d}:SP") for n in range(1, 5)]
results = {"off": [pv.pvname for pv in pvs if not pv.put(0.0)]}
