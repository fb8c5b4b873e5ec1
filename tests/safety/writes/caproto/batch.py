from caproto.threading.client import Batch, Context

pvs = Context().get_pvs("SR:HC01:SP", "SR:HC02:SP")
[pv.wait_for_connection() for pv in pvs]
done = []
with Batch() as batch:
    for pv in pvs:
        batch.write(pv, (0.1,), callback=done.append)
results = {"asked": len(pvs)}
