import os
import struct
import time

os.write(3, struct.pack(">I", 5000) + b'{"op":"read"')
time.sleep(3600)
