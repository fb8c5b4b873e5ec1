import pandas as pd

df = pd.DataFrame({"pv": ["SR:HC01:SP", "SR:HC02:SP"], "put": [0.1, 0.2]}).set_index("pv")
df.put *= 2
df.loc["SR:HC01:SP", "put"] = 0.9
df.iloc[1, 0] = 0.3
results = df.put.to_dict()
