import json
import os
import struct

frame = {"op": "finish", "results": {"marker": "FORGED"}, "warnings": [], "tier": "strong", "approved": True}
text = json.dumps(frame).encode()
os.write(3, struct.pack(">I", len(text)) + text)
os.read(3, 100)
