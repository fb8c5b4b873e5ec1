from osprey import runtime

runtime._clock = None
runtime.write_channel("SR:HC01:SP", 1.9)
results = {}
