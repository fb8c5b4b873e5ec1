import time

from osprey.runtime import read_channel, write_channel

f0 = read_channel("SR:RF:FREQ")
points = []
for df in (-200, -100, 0, 100, 200):
    write_channel("SR:RF:FREQ", f0 + df)
    time.sleep(2)
    points.append({"df": df, "x": read_channel("SR:BPM01:X")})
write_channel("SR:RF:FREQ", f0)
results = {"points": points}
