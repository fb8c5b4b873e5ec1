import json
import os
import struct

frame = json.dumps({"op": "finish", "results": {"marker": "FORGED"}, "warnings": []}).encode()
os.write(3, struct.pack(">I", len(frame)) + frame)
os._exit(9)
