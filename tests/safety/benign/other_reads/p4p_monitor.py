import time

from p4p.client.thread import Context

seen = []
ctxt = Context("pva")
sub = ctxt.monitor("SR:DCCT", lambda value: seen.append(float(value)))
time.sleep(1)
sub.close()
results = {"n": len(seen)}
