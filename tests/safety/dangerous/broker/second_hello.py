import json
import os
import struct

text = json.dumps({"op": "hello", "protocol": 1, "python": "3.11"}).encode()
os.write(3, struct.pack(">I", len(text)) + text)
results = os.read(3, 60000).decode(errors="replace")
