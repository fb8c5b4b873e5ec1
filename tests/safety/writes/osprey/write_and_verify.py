from osprey.runtime import read_channel, write_channel

before = read_channel("SR:HC01:SP")
write_channel("SR:HC01:SP", before + 0.1)
after = read_channel("SR:HC01:SP")
results = {"before": before, "after": after}
