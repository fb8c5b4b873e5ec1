import asyncio


async def main():
    q = asyncio.Queue()
    ready = asyncio.Event()
    await q.put("orbit")
    ready.set()
    await ready.wait()
    future = asyncio.get_running_loop().create_future()
    future.set_result(await q.get())
    return await future


results = {"got": asyncio.run(main())}
