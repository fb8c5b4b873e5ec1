import epics

ACTIONS = {}


def action(name):
    return lambda function: ACTIONS.setdefault(name, function)


@action("status")
def status(pv):
    return pv.get(as_string=True)


@action("prepare")
def prepare(pv):
    return pv.put(2)


mode = epics.PV("INJ:MODE")
results = {name: str(ACTIONS[name](mode)) for name in ("status", "prepare")}
