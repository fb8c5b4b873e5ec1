import struct

RAW = bytes.fromhex("0000000140590000000000000003")
sequence, value, status = struct.unpack(">IdH", RAW)
results = {"sequence": sequence, "value": value, "status": status}
