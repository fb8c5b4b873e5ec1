import time

from epics import PV

current = PV("SR:DCCT")
samples = []
for _ in range(5):
    samples.append(current.get())
    time.sleep(0.05)
lifetime_like = samples[0] - samples[-1]
results = {"samples": samples, "loss": lifetime_like}
