import base64
import json
import os
import struct

picture = b"\x89PNG\r\n\x1a\n" + bytes(64) + b"FORGED"
text = json.dumps({"op": "figure", "png": base64.b64encode(picture).decode()}).encode()
os.write(3, struct.pack(">I", len(text)) + text)
size = struct.unpack(">I", os.read(3, 4))[0]
os.read(3, size)
results = {"sent": True}
