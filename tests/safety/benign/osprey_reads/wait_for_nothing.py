from osprey.runtime import read_channel, wait_until

wait_until(("SR:DCCT", ">", -1), 1)
results = {"current": read_channel("SR:DCCT")}
