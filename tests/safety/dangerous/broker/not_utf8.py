import os
import struct

body = b'{"op":"sleep","seconds":0,"\xff\xfe":1}'
os.write(3, struct.pack(">I", len(body)) + body)
os.read(3, 100)
