from osprey.runtime import read_channels

names = [f"SR:BPM{n:02d}:{p}" for n in range(1, 9) for p in "XY"]
values = read_channels([*names, "SR:BPM99:X"], missing=None)
results = {"dead": [n for n, v in values.items() if v is None]}
