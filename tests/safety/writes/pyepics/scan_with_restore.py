from time import sleep

from epics import PV

gap, flux = PV("ID04:GAP"), PV("BL04:I0")
home = gap.get()
curve = []
try:
    for g in (20.0, 20.5, 21.0, 21.5):
        gap.put(g, wait=True, timeout=60)
        sleep(1.0)
        curve.append((g, flux.get()))
finally:
    gap.put(home, wait=True, timeout=60)
results = {"curve": curve}
