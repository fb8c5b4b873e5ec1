from osprey import runtime

items = [{"channel": "SR:HC04:SP", "value": 1.7, "unit": None}]
runtime._link.call("write", items=items, line=1, mode="apply", plan="00000000")
results = {}
