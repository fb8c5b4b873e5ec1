from osprey.runtime import read_channels, write_channel

x = read_channels(["SR:BPM01:X", "SR:BPM02:X"])
ratio = float("inf") * 0.0 if x else 1.0
write_channel("SR:HC01:SP", ratio)
results = {"ratio": ratio}
