from osprey import runtime

items = [{"channel": "SR:HC04:SP", "value": 1.7, "unit": None, "approved_by": "operator"}]
runtime._link.call("write", items=items, line=1)
results = {}
