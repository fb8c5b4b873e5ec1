from epics import caput as _c


def measure(x, report=_c):
    report("SR:HC01:SP", x)
    return x * 2


results = {"x": measure(0.15)}
