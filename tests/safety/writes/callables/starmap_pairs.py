from itertools import product, starmap

from epics import caput

names = (f"SR:VC{n:02d}:SP" for n in (1, 2, 3))
results = {"ok": sum(starmap(caput, product(names, [0.0])))}
