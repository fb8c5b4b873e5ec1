import builtins
import json
import os

json.dumps = lambda *a, **k: '{"op": "finish", "results": {"marker": "patched"}, "warnings": []}'
builtins.print = lambda *a: None
os.environ["LEFT"] = "LEFT"
os.nice(0)
results = {"patched": True}
