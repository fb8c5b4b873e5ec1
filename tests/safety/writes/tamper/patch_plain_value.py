from osprey import runtime

runtime.plain_value = lambda value, name: value
runtime._checked_name = lambda name: name
try:
    runtime.write_channel("SR:HC08:SP", {"$gt": 0})
finally:
    runtime.write_channel("SR:HC08:SP\n", 1.0)
results = {}
