import pandas as pd

df = pd.DataFrame({"sector": [1, 1, 2, 2], "plane": list("hvhv"), "current": [0.1, 0.2, 0.3, 0.4]})
table = df.pivot_table(index="sector", columns="plane", values="current")
results = {"mean": df.groupby("plane").current.mean().to_dict(), "shape": list(table.shape)}
