import epics

epics.caput("INJ:TRIG.PROC", 1)
shots = epics.caget("INJ:SHOTS")
results = {"shots": shots}
