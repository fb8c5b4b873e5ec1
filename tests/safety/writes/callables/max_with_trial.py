import time

import epics


def trial(value):
    epics.caput("LTB:Q1:SETPT", value, wait=True)
    time.sleep(0.2)
    return epics.caget("SR:DCCT")


best = max((3.9, 4.0, 4.1), key=trial)
results = {"best": best}
