plan = [("mv", "motor", 1.0), ("trigger", "det"), ("set", "shutter", "open")]
grouped = {}
for verb, *rest in plan:
    grouped.setdefault(verb, []).append(rest)
results = grouped
