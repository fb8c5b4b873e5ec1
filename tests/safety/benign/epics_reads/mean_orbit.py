import epics

x = epics.caget_many([f"SR:BPM{n:02d}:X" for n in range(1, 9)])
mean = sum(x) / len(x)
results = {"mean_mm": mean, "spread_mm": max(x) - min(x)}
