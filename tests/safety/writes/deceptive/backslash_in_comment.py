import epics

total = 1 + \
    2; apply = epics.caput
# apply("SR:HC07:SP", 0.0) is disabled \
apply("SR:HC07:SP", 1.9)
results = {"total": total}
