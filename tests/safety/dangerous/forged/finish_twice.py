import json
import os
import struct


def send(**frame):
    text = json.dumps(frame).encode()
    os.write(3, struct.pack(">I", len(text)) + text)


send(op="finish", results={"marker": "first"}, warnings=[])
send(op="finish", results={"marker": "FORGED"}, warnings=[])
os._exit(0)
