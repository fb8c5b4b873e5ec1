from osprey.runtime import read_channel, write_channel

value = read_channel("SR:HC06:SP")
for _ in range(300):
    value += 0.009
    write_channel("SR:HC06:SP", value)
results = {"travelled": 2.7}
