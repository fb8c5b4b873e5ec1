import os
import struct

os.write(3, struct.pack(">I", 0x7FFFFFFF))
chunk = bytes(1 << 16)
for _ in range(200):
    os.write(3, chunk)
