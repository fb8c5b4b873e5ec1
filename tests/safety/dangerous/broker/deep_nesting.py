import os
import struct

body = b'{"op":"finish","warnings":[],"results":' + b"[" * 200_000 + b"]" * 200_000 + b"}"
os.write(3, struct.pack(">I", len(body)) + body)
os.read(3, 100)
