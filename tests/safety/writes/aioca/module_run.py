from aioca import CAInfo, caput, connect, run  # noqa: F401


async def note():
    info: CAInfo = await connect("LOG:COMMENT", cainfo=True, timeout=1)
    assert info.ok
    return await caput("LOG:COMMENT", "topup paused for optics", datatype=str)


results = {"ok": bool(run(note()))}
