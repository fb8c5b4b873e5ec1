from epics.motor import Motor

m = Motor("BL04:M1")
m.tweak_val = 0.01
for _ in range(3):
    m.tweak(direction="forward", wait=True)
results = {"rbv": m.readback}
