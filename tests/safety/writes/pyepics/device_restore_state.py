from epics import Device

bend = Device("SR:BEND:", attrs=["SP", "RAMP_RATE", "ON"])
saved = bend.save_state()
saved["SP"] = 412.0
bend.restore_state(saved)
results = {"state": {k: float(v) for k, v in saved.items()}}
