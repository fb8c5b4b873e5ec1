import epics

VERBS = ("look", epics.caget), ("turn", epics.caput)
(_, look), (_, turn) = VERBS
results = {"x": look("SR:HC01:SP"), "ok": turn("SR:HC01:SP", 0.04)}
