from caproto.threading.client import Context

ctx = Context()
vc3, vc4 = ctx.get_pvs("SR:VC03:SP", "SR:VC04:SP", timeout=3)
for pv in (vc3, vc4):
    pv.wait_for_connection(timeout=3)
    pv.write([0.05], wait=True)
results = {"rb": [float(pv.read().data[0]) for pv in (vc3, vc4)]}
