import epics

for field, value in (("DISP", 0), ("ASG", "DEFAULT"), ("DISA", 0), ("PINI", "NO"), ("SCAN", "Passive")):
    epics.caput(f"SR:VC03:SP.{field}", value)
results = {}
