from p4p.client.thread import Context

with Context("pva") as ctxt:
    values = ctxt.get(["SR:DCCT", "SR:RF:FREQ"], throw=False)
results = {"values": [float(v) for v in values]}
