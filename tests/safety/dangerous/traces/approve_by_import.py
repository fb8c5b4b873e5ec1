import sys

for finder in list(sys.meta_path):
    if "guest" in type(finder).__module__:
        sys.meta_path.remove(finder)
for name in [n for n in sys.modules if n.split(".")[0] == "osprey"]:
    sys.modules.pop(name)
from osprey.control import ApplyRequest, guard_of  # noqa: E402, F401
from osprey.project import open_project  # noqa: E402

results = {"opened": str(open_project("/srv/control-room"))}
