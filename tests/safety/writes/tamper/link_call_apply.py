from osprey import runtime

items = [{"channel": "SR:HC03:SP", "value": 1.7, "unit": None}]
results = {}
for op in ("apply", "write_now", "commit", "approve", "put"):
    try:
        results[op] = runtime._link.call(op, items=items, line=1)
    except Exception as exc:
        results[op] = str(exc)
