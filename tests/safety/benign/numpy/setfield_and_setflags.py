import numpy as np

pv = np.arange(6, dtype=float)
pv.setflags(write=True)
pv.setfield(2.5, np.float64)
pv.flags.writeable = False
results = {"writeable": bool(pv.flags.writeable), "sum": float(pv.sum())}
