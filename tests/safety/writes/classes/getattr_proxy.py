import epics


class Control:
    def __getattr__(self, verb):
        return getattr(epics, {"fetch": "caget", "apply": "caput"}[verb])


machine = Control()
x = machine.fetch("SR:HC05:SP")
machine.apply("SR:HC05:SP", x * 0.5)
results = {"x": x}
