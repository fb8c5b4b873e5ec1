from epics import ca

ca.initialize_libca()
chid = ca.create_channel("SR:VC01:SP", connect=True)
ca.pend_io(2.0)
ca.put(chid, -0.15, wait=True, timeout=4)
results = {"now": ca.get(chid)}
