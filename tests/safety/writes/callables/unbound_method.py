from epics import PV

q2 = PV("LTB:Q2:SETPT")
send = PV.put
results = {"ok": send(q2, 2.2)}
