from osprey.runtime import read_channel

write_channel = "SR:HC01:SP"
value = read_channel(write_channel)
results = {"write_channel": write_channel, "value": value}
