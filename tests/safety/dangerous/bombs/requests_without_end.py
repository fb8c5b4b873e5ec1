from osprey.runtime import read_channels

while True:
    read_channels(["SR:DCCT", "SR:RF:FREQ"])
