import epics


class Channel:
    def __init__(self, suffix):
        self.suffix = suffix

    def __get__(self, obj, owner=None):
        return epics.caget(obj.prefix + self.suffix)

    def __set__(self, obj, value):
        epics.caput(obj.prefix + self.suffix, value)


class Corrector:
    setpoint = Channel(":SP")

    def __init__(self, prefix):
        self.prefix = prefix


c = Corrector("SR:VC02")
c.setpoint = c.setpoint + 0.01
results = {"rb": c.setpoint}
