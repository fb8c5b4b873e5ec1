"""Ramp a transfer-line quadrupole to its new working point in small steps."""
import time

import numpy as np
from epics import caget, caput

START = caget("LTB:Q1:SETPT")
TARGET = 4.2
for current in np.linspace(START, TARGET, 11)[1:]:
    caput("LTB:Q1:SETPT", float(current), wait=True, timeout=5.0)
    time.sleep(0.5)
results = {"from": START, "to": TARGET}
