import numpy as np
from epics import PV

t = np.arange(64) / 64
pulse = np.where(t < 0.5, np.sin(2 * np.pi * t), 0.0)
wf = PV("INJ:KICK:WF", auto_monitor=False)
wf.put(pulse.astype(float), wait=True)
results = {"peak": float(pulse.max())}
