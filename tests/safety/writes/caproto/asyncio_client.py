import asyncio

from caproto.asyncio.client import Context


async def open_valve():
    ctx = Context()
    (valve,) = await ctx.get_pvs("VAC:V3:OPEN")
    await valve.wait_for_connection(timeout=2)
    await valve.write(1)
    return (await valve.read()).data.tolist()


results = {"v": asyncio.run(open_valve())}
