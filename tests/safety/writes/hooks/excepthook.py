import sys

import epics

sys.excepthook = lambda kind, value, trace: epics.caput("FE04:SHUTTER", 0)
raise SystemError("beam loss in sector 4")
