import numpy as np

table = np.zeros(3, dtype=[("pv", "U16"), ("value", float)])
table["pv"] = ["SR:HC01:SP", "SR:HC02:SP", "SR:HC03:SP"]
table["value"] += 0.1
table[1]["value"] = 0.5
results = {"total": float(table["value"].sum())}
