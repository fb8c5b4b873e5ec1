import json
import os
import struct

for name in ("SR:HC01:SP\n", "SR:HC01:SP\0.DRVH", "", "x" * 5000, "SR:\u202eHC01:SP"):
    text = json.dumps({"op": "write", "items": [{"channel": name, "value": 0.1, "unit": None}], "line": 1}).encode()
    os.write(3, struct.pack(">I", len(text)) + text)
    os.read(3, 4096)
raise SystemExit("all were taken")
