import asyncio

from asyncua import Client


async def load(recipe):
    client = Client("opc.tcp://plc-vacuum:4840")
    await client.connect()
    try:
        nodes = [client.get_node(name) for name in recipe]
        await client.write_values(nodes, list(recipe.values()))
    finally:
        await client.disconnect()


asyncio.run(load({"ns=2;s=V1": True, "ns=2;s=V2": False}))
results = {"written": 2}
