import asyncio

from asyncua import Client


async def reset_interlock():
    async with Client("opc.tcp://plc-interlock:4840") as client:
        obj = await client.nodes.objects.get_child(["2:Interlock"])
        return await obj.call_method("2:Reset", "beamline 4")


results = {"answer": str(asyncio.run(reset_interlock()))}
