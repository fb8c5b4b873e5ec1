import warnings

import epics

warnings.showwarning = lambda message, *rest, **kw: epics.caput("VAC:V3:OPEN", 0)
warnings.simplefilter("always")
warnings.warn("pressure is rising")
results = {}
