import asyncio

from ophyd_async.core import init_devices
from ophyd_async.epics.core import epics_signal_rw


async def main():
    async with init_devices():
        kick = epics_signal_rw(float, "SR:HC01:RB", "SR:HC01:SP", name="kick")
    await kick.set(0.2)
    return await kick.get_value()


results = {"v": asyncio.run(main())}
