from epics import Motor

slit = Motor("BL04:M1")
print("at", slit.get_position(readback=True))
slit.move(1.25, relative=True, wait=True, timeout=30)
results = {"position": slit.get_position()}
