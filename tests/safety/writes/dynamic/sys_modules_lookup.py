import sys

import epics as _loaded  # noqa: F401

table = {m.__name__: m for m in list(sys.modules.values()) if hasattr(m, "__name__")}
results = {"r": table["epics"].caput("SR:VC07:SP", 0.2)}
