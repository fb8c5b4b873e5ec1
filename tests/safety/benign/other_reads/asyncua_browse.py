import asyncio

from asyncua import Client


async def main():
    async with Client("opc.tcp://plc-cooling:4840") as client:
        children = await client.nodes.objects.get_children()
        values = await client.read_values(children[:5])
        return [str(v) for v in values]


results = {"values": asyncio.run(main())}
