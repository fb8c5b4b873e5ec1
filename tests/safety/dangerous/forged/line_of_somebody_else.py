from osprey import runtime

items = [{"channel": "SR:HC01:SP", "value": 0.1, "unit": None}]
for line in (-5, 0, 10**12, 2**62):
    runtime._link.call("write", items=items, line=line)
results = {}
