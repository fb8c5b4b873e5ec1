from operator import attrgetter, methodcaller

import epics

nudge = methodcaller("put", 0.02)
pv = attrgetter("PV")(epics)("SR:HC01:SP")
results = {"r": nudge(pv)}
