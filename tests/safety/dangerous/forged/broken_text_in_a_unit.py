import json
import os
import struct

item = {"channel": "SR:HC01:SP", "value": "0.1\x1b[2K\ud800", "unit": "A\u202e\ud800"}
text = json.dumps({"op": "write", "items": [item], "line": 1}).encode()
os.write(3, struct.pack(">I", len(text)) + text)
os.read(3, 4096)
results = {}
