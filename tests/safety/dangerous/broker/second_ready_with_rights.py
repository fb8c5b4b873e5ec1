import json
import os
import struct

rights = {"Uid": "0", "CapEff": "0", "NoNewPrivs": "1", "Seccomp": "2"}
text = json.dumps({"op": "ready", "rights": rights}).encode()
os.write(3, struct.pack(">I", len(text)) + text)
results = os.read(3, 60000).decode(errors="replace")
