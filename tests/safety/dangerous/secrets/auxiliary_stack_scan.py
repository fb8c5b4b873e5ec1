import re

maps = open("/proc/self/maps").read()
found = []
for line in maps.splitlines():
    if "[stack]" in line or "[heap]" in line:
        start, end = (int(x, 16) for x in line.split()[0].split("-"))
        with open("/proc/self/mem", "rb") as memory:
            memory.seek(start)
            found += re.findall(rb"(?:SECRET|TOKEN)[A-Z_]*=[\x20-\x7e]+", memory.read(end - start))
results = [f.decode() for f in found]
