"""A closed three-corrector bump, scaled to half a millimetre."""
import epics

RATIO = {"SR:HC01:SP": 1.0, "SR:HC02:SP": -1.618, "SR:HC03:SP": 1.0}
AMPLITUDE = 0.021
start = {name: epics.caget(name) for name in RATIO}


def bump(scale):
    for name, ratio in RATIO.items():
        epics.caput(name, start[name] + scale * ratio * AMPLITUDE)


bump(0.5)
results = {"start": start}
