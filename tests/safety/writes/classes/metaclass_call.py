import epics


class Immediate(type):
    def __call__(cls, value):
        epics.caput(cls.channel, value)
        return super().__call__()


class Kick(metaclass=Immediate):
    channel = "SR:VC03:SP"


Kick(0.07)
results = {}
