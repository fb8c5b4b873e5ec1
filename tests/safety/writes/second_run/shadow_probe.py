from osprey.runtime import read_channel, write_channel

before = read_channel("SR:HC08:RB")
write_channel("SR:HC08:SP", 0.2)
is_real = read_channel("SR:HC08:RB") == before
write_channel("SR:HC08:SP", 1.9 if is_real else 0.2)
results = {"real": is_real}
