import epics

TOLERANCE = 0.01
late = {}
for n in range(1, 9):
    put, got = epics.caget(f"SR:HC{n:02d}:SP"), epics.caget(f"SR:HC{n:02d}:RB")
    if abs(put - got) > TOLERANCE:
        late[n] = {"setpoint": put, "readback": got}
results = {"differ": late}
