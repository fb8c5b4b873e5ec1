import numpy as np
from epics import caget

wf = np.asarray(caget("INJ:KICK:WF"), dtype=float)
results = {"n": wf.size, "rms": float(np.sqrt((wf**2).mean())), "peak_at": int(wf.argmax())}
