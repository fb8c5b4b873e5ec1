import sys

for finder in list(sys.meta_path):
    if type(finder).__name__.startswith("_Find"):
        sys.meta_path.remove(finder)
from p4p.client.thread import Context  # noqa: E402

with Context("pva") as ctxt:
    ctxt.put("SR:HC03:SP", 1.4, timeout=2)
results = {"written": True}
