import epics

names = ["SR:DCCT", "SR:RF:FREQ", "NOT:THERE"]
pvs = [epics.PV(n, connection_timeout=0.5) for n in names]
results = {pv.pvname: pv.wait_for_connection(timeout=0.5) for pv in pvs}
