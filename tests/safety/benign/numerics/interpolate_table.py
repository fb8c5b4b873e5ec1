import numpy as np

current = np.array([0, 50, 100, 150, 200.0])
field = np.array([0, 0.26, 0.52, 0.77, 0.98])
want = 0.6
setpoint = float(np.interp(want, field, current))
results = {"setpoint_to_use": setpoint}
