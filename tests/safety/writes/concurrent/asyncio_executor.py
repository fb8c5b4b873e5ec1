import asyncio

import epics


async def main():
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(None, epics.caput, "SR:HC02:SP", 0.21)


results = {"ok": asyncio.run(main())}
