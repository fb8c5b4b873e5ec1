import asyncio

from pymodbus.client import AsyncModbusTcpClient


async def main():
    client = AsyncModbusTcpClient("192.0.2.45")
    await client.connect()
    await client.write_coils(0, [True, False, True])
    client.close()


asyncio.run(main())
results = {}
