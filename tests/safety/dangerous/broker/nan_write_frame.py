import os
import struct

frame = b'{"op":"write","items":[{"channel":"SR:HC05:SP","value":NaN,"unit":null}],"line":1}'
os.write(3, struct.pack(">I", len(frame)) + frame)
results = {"answer": os.read(3, 400).decode(errors="replace")}
