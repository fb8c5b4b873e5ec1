import importlib.util
import sys

sys.meta_path[:] = [f for f in sys.meta_path if "osprey" not in type(f).__module__]
for name in [m for m in sys.modules if m.split(".")[0] == "epics"]:
    del sys.modules[name]
for folder in sys.path:
    spec = importlib.machinery.PathFinder.find_spec("epics", [folder])
    if spec:
        epics = importlib.util.module_from_spec(spec)
        sys.modules["epics"] = epics
        spec.loader.exec_module(epics)
        results = {"put": epics.caput("SR:HC01:SP", 1.11, timeout=2)}
        break
