import osprey.runtime as rt

q2 = rt.read_channel("LTB:Q2:SETPT")
rt.write_channel("LTB:Q2:SETPT", round(q2 + 0.25, 3), unit="A")
rt.wait_until(("LTB:Q2:SETPT", ">", q2), 10)
results = {"was": q2}
