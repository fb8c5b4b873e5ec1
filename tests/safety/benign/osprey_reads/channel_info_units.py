import osprey.runtime as osprey_runtime

info = osprey_runtime.channel_info(["SR:HC01:SP", "SR:RF:FREQ", "LTB:Q1:SETPT"])
results = {name: (d["unit"], d["drive_low"], d["drive_high"], d["writable"]) for name, d in info.items()}
