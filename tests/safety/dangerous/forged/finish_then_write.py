import json
import os
import struct


def send(**frame):
    text = json.dumps(frame).encode()
    os.write(3, struct.pack(">I", len(text)) + text)


send(op="finish", results={"done": True}, warnings=[])
send(op="write", items=[{"channel": "SR:HC01:SP", "value": 1.9, "unit": None}], line=1)
os._exit(0)
