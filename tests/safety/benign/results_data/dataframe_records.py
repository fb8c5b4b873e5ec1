import pandas as pd

df = pd.DataFrame({"time": pd.date_range("2026-11-01", periods=3), "x": [1, 2, 3]})
results = {"records": df.assign(time=df.time.astype(str)).to_dict("records")}
