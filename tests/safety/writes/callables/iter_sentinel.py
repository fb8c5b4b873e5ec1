import epics

values = [0.3, 0.2, 0.1]


def step():
    if not values:
        return None
    return epics.caput("SR:VC04:SP", values.pop())


results = {"steps": len(list(iter(step, None)))}
