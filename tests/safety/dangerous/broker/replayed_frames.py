import json
import os
import struct

text = json.dumps({"op": "write", "items": [{"channel": "SR:HC01:SP", "value": 0.5, "unit": None}], "line": 2}).encode()
frame = struct.pack(">I", len(text)) + text
for _ in range(50):
    os.write(3, frame)
    os.read(3, 4096)
results = {"replayed": 50}
