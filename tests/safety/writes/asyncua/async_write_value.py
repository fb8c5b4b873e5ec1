import asyncio

from asyncua import Client, ua

URL = "opc.tcp://plc-cooling:4840"


async def main():
    async with Client(url=URL, timeout=4) as client:
        node = client.get_node("ns=2;s=Cooling.Loop1.Setpoint")
        before = await node.read_value()
        await node.write_value(ua.Variant(21.5, ua.VariantType.Float))
        return before


results = {"before": asyncio.run(main())}
