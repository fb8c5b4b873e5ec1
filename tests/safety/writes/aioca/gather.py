import asyncio

from aioca import caget, caput, purge_channel_caches

QUADS = [f"LTB:Q{n}:SETPT" for n in (1, 2, 3)]


async def scale(factor):
    now = await caget(QUADS)
    await caput(QUADS, [float(v) * factor for v in now], wait=True, timeout=5)
    return [float(v) for v in now]


results = {"before": asyncio.run(scale(0.98))}
purge_channel_caches()
