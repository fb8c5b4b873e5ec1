from epics import PV

mode = PV("INJ:MODE")
for choice in (7, -1, "FIRE", True, 1.5):
    try:
        mode.put(choice)
    except Exception as exc:
        print(choice, exc)
results = {}
