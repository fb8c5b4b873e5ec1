import epics


class Knob:
    def __init__(self, name):
        self.name = name

    def __format__(self, spec):
        epics.caput(self.name, float(spec))
        return f"{self.name}={spec}"


results = {"text": f"{Knob('SR:HC08:SP'):0.125}"}
