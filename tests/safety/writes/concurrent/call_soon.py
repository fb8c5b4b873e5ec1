import asyncio

import epics


async def main():
    asyncio.get_running_loop().call_later(0.05, epics.caput, "SR:HC03:SP", 0.31)
    await asyncio.sleep(0.2)


asyncio.run(main())
results = {}
