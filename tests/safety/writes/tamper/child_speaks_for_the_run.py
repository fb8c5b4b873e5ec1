import json
import os
import struct

pid = os.fork()
if pid == 0:
    frame = json.dumps(
        {"op": "write", "items": [{"channel": "SR:HC06:SP", "value": 1.8, "unit": None}], "line": 1}
    ).encode()
    os.write(3, struct.pack(">I", len(frame)) + frame)
    os._exit(0)
os.waitpid(pid, 0)
results = {"child": pid}
