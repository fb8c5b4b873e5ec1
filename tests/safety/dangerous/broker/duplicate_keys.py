import os
import struct

frame = (
    b'{"op":"read","channels":["SR:DCCT"],"op":"write","items":[{"channel":"SIM:X","value":0,"unit":null,'
    b'"channel":"SR:HC05:SP","value":1.9}],"line":1}'
)
os.write(3, struct.pack(">I", len(frame)) + frame)
results = {"answer": os.read(3, 400).decode(errors="replace")}
