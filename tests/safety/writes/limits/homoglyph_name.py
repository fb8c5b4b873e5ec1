from osprey.runtime import write_channel

write_channel("SR:НС04:SP", 0.2)
write_channel("SR:HC٠4:SP", 0.2)
results = {}
