import epics

for field, level in (("HIGH", 405.0), ("HIHI", 410.0)):
    epics.caput(f"SR:DCCT.{field}", level, wait=True)
results = {"high": 405.0}
