import asyncio
import contextlib

import aioca


async def keep_centred(gain=40.0, cycles=10):
    for _ in range(cycles):
        x = await asyncio.gather(*(aioca.caget(f"SR:BPM{n:02d}:X") for n in range(1, 9)))
        mean = sum(map(float, x)) / len(x)
        f = await aioca.caget("SR:RF:FREQ")
        with contextlib.suppress(aioca.CANothing):
            await aioca.caput("SR:RF:FREQ", float(f) - gain * mean)
        await asyncio.sleep(1)


asyncio.run(keep_centred())
results = {}
