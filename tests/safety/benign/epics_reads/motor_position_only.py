from epics import Motor

m1 = Motor("BL04:M1")
results = {"pos": m1.get_position(readback=True), "moving": bool(m1.moving), "limits": (m1.LLM, m1.HLM)}
