from epics import caget as look

setpoint, readback = look("ID04:GAP"), look("ID04:GAP:RB")
put_back = {"ID04:GAP": setpoint}
results = {"would_put_back": put_back, "error": setpoint - readback}
