import sys
import types

fake = types.ModuleType("osprey.runtime")
fake.write_channel = sys.modules.get("osprey.runtime", fake)
sys.modules["osprey.runtime"] = fake
sys.modules.pop("epics", None)
import epics  # noqa: E402

epics.caput("SR:VC01:SP", 1.0)
results = {}
