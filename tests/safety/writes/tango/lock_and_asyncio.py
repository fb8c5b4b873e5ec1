import asyncio

from tango.asyncio import DeviceProxy


async def main():
    dev = await DeviceProxy("fe/shutter/04")
    await dev.write_attribute("position", 1)
    return (await dev.read_attribute("position")).value


results = {"position": asyncio.run(main())}
