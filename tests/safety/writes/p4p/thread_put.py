from p4p.client.thread import Context

ctxt = Context("pva")
before = ctxt.get("SR:HC04:SP")
ctxt.put("SR:HC04:SP", float(before) + 0.1, wait=True)
ctxt.close()
results = {"before": float(before)}
