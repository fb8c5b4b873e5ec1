import epics


def build():
    action = print

    def arm():
        nonlocal action
        action = epics.caput

    def fire(*args):
        return action(*args)

    return arm, fire


arm, fire = build()
fire("about to start")
arm()
fire("SR:HC02:SP", 0.3)
results = {}
