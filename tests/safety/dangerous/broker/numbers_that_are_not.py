import os
import struct

for value in (b"NaN", b"-Infinity", b"1e999", b"123456789012345678901234567890", b'{"v":1}', b"[[1],[2]]"):
    body = b'{"op":"write","items":[{"channel":"SR:HC01:SP","value":' + value + b',"unit":null}],"line":1}'
    os.write(3, struct.pack(">I", len(body)) + body)
    os.read(3, 4096)
