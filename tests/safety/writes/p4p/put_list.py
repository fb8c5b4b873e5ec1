from p4p.client.thread import Context

names = ["SR:VC01:SP", "SR:VC02:SP"]
with Context("pva", nt=False) as ctxt:
    ctxt.put(names, [{"value": -0.2}, {"value": 0.2}])
results = {"n": len(names)}
