import operator

import epics

path = "PV.put".split(".")
constructor, method = (operator.attrgetter(p) for p in path)
pv = constructor(epics)("SR:HC07:SP")
results = {"r": method(pv)(0.1)}
