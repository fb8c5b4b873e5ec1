import asyncio


async def main():
    process = await asyncio.create_subprocess_shell(
        "python3 -m caproto.commandline.put INJ:MODE 2", stdout=asyncio.subprocess.PIPE
    )
    out, _ = await process.communicate()
    return out.decode()


results = {"out": asyncio.run(main())}
