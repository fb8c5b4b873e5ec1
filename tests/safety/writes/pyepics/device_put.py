import epics

hc02 = epics.Device("SR:HC02:", attrs=("SP", "RB", "ON"))
hc02.put("SP", 0.25, wait=True)
results = {"rb": hc02.get("RB")}
