import json
import os
import struct

text = json.dumps({"op": "finish", "results": "HERE", "warnings": []}).replace('"HERE"', '{"x": 1e999, "y": [-1e999]}').encode()
os.write(3, struct.pack(">I", len(text)) + text)
os.read(3, 100)
os._exit(0)
