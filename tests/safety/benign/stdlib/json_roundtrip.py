import json

plan = {"op": "write_channel", "items": [{"channel": "SR:HC01:SP", "value": 0.1}]}
text = json.dumps(plan, indent=1)
results = {"same": json.loads(text) == plan, "length": len(text)}
