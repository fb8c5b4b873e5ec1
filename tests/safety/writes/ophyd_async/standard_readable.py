import asyncio

from ophyd_async.core import StandardReadable, init_devices
from ophyd_async.epics.core import epics_signal_r, epics_signal_rw, epics_signal_x


class Chopper(StandardReadable):
    def __init__(self, prefix, name=""):
        self.speed = epics_signal_rw(float, prefix + "SPEED")
        with self.add_children_as_readables():
            self.actual = epics_signal_r(float, prefix + "SPEED:RB")
        self.start = epics_signal_x(prefix + "START")
        super().__init__(name=name)


async def spin_up():
    async with init_devices():
        chopper = Chopper("BL04:CHOP:", name="chopper")
    await chopper.speed.set(930.0, wait=True)
    await chopper.start.trigger(wait=True)


asyncio.run(spin_up())
results = {}
