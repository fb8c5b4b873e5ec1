import numpy as np
import pandas as pd

index = pd.date_range("2026-11-01", periods=600, freq="s", tz="UTC")
current = pd.Series(400 - np.arange(600) * 0.01, index=index, name="SR:DCCT")
minute = current.resample("1min").agg(["mean", "min", "max"])
results = {"rows": len(minute), "first": float(minute["mean"].iloc[0])}
