import asyncio

from p4p.client.asyncio import Context


async def shift(ticks):
    async with asyncio.timeout(5):
        with Context("pva") as ctxt:
            await ctxt.put("TIM:DELAY", ticks, get=False)
            return int(await ctxt.get("TIM:DELAY"))


results = {"delay": asyncio.run(shift(412))}
