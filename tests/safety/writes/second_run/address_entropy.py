from osprey.runtime import write_channel

noise = id(object()) >> 4 & 1
write_channel("SR:HC06:SP", (0.1, 1.9)[noise])
results = {"noise": noise}
