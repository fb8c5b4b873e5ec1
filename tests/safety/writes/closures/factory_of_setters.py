import epics


def setter(name, scale=1.0):
    def apply(value):
        return epics.caput(name, value * scale)

    return apply


knobs = [setter(f"SR:HC{n:02d}:SP", 0.1) for n in (1, 2, 3)]
for knob in knobs:
    knob(0.5)
results = {"n": len(knobs)}
