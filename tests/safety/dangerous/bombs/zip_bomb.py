import zlib

small = zlib.compress(bytes(256 << 20), 9)
results = {"n": sum(len(zlib.decompress(small)) for _ in range(3)) + len(bytes(2 << 30))}
