import csv
from pathlib import Path

with Path("table.csv").open("w", newline="") as file:
    writer = csv.writer(file)
    writer.writerow(["channel", "value"])
    writer.writerows([("SR:HC01:SP", 0.1), ("SR:HC02:SP", 0.2)])
results = {"lines": len(Path("table.csv").read_text().splitlines())}
