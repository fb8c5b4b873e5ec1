from epics import Device

hc = Device("SR:HC01:", attrs=("SP", "RB"))
results = {"sp": hc.get("SP"), "rb": hc.RB}
