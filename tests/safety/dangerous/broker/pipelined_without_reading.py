import json
import os
import struct

text = json.dumps({"op": "info", "channels": ["SR:HC01:SP"] * 500, "line": 1}).encode()
frame = struct.pack(">I", len(text)) + text
for _ in range(3000):
    os.write(3, frame)
results = {}
