from osprey.runtime import write_channel

write_channel("SR:HC04:SP.DRVH", 1000.0)
write_channel("SR:HC04:SP.HOPR", 1000.0)
write_channel("SR:HC04:SP", 500.0)
results = {"set": 500.0}
