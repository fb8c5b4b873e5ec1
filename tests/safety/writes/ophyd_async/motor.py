import asyncio

from ophyd_async.core import init_devices
from ophyd_async.epics.motor import Motor


async def nudge(delta):
    async with init_devices():
        m1 = Motor("BL04:M1", name="m1")
    here = await m1.user_readback.get_value()
    await m1.set(here + delta, timeout=20)
    return here


results = {"was": asyncio.run(nudge(0.05))}
