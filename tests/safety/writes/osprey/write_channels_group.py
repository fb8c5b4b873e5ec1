from osprey.runtime import read_channels, write_channels

NAMES = [f"SR:HC{n:02d}:SP" for n in range(1, 9)]
now = read_channels(NAMES)
write_channels({name: value * 0.95 for name, value in now.items()})
results = {"scaled": len(now)}
