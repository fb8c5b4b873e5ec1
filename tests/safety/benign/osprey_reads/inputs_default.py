from osprey.runtime import inputs, read_channel

name = inputs.get("channel", "SR:RF:FREQ")
results = {"channel": name, "value": read_channel(name)}
