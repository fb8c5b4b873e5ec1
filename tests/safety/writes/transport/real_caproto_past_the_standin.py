import sys

sys.meta_path[:] = sys.meta_path[-3:]
from caproto.sync.client import write  # noqa: E402

write("SR:HC02:SP", 1.3, notify=True, timeout=2, repeater=False)
results = {"written": True}
