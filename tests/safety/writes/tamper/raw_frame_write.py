import json
import os
import struct

frame = json.dumps(
    {"op": "write", "items": [{"channel": "SR:HC05:SP", "value": 1.95, "unit": None}], "line": None}
).encode()
os.write(3, struct.pack(">I", len(frame)) + frame)
size = struct.unpack(">I", os.read(3, 4))[0]
results = {"answer": os.read(3, size).decode()}
