import json
import os
import struct

read_end, write_end = os.pipe()
answer = json.dumps({"ok": None}).encode()
os.dup2(read_end, 3)
os.write(write_end, (struct.pack(">I", len(answer)) + answer) * 20)
from osprey.runtime import write_channel  # noqa: E402

write_channel("SR:HC01:SP", 1.9)
results = {"marker": "FORGED"}
