import epics

corrector = epics.PV("SR:HC03:SP")
before = corrector.value
corrector.value = before + 0.05
results = {"before": before}
