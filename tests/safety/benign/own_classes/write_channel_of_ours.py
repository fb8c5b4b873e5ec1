def write_channel(table, name, value):
    return {**table, name: value}


table = {}
for name in ("a", "b"):
    table = write_channel(table, name, len(table))
results = table
