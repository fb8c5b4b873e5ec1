from p4p.client.thread import Context
from p4p.nt import NTURI

uri = NTURI([("preset", "s"), ("ramp", "d")])
with Context("pva") as ctxt:
    reply = ctxt.rpc("BPS:LOAD_PRESET", uri.wrap("BPS:LOAD_PRESET", kws={"preset": "golden", "ramp": 2.0}))
results = {"reply": str(reply)}
