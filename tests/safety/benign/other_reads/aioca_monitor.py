import asyncio

from aioca import caget, camonitor, connect


async def main():
    values = []
    m = camonitor("SR:DCCT", values.append)
    await asyncio.sleep(0.5)
    m.close()
    info = await connect("SR:DCCT", cainfo=True)
    return [float(v) for v in values], float(await caget("SR:DCCT")), str(info.state)


results = {"r": asyncio.run(main())}
