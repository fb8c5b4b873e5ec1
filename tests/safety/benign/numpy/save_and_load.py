import numpy as np

np.savez("scan.npz", gap=np.linspace(18, 22, 5), flux=np.ones(5))
with np.load("scan.npz") as data:
    results = {"keys": sorted(data.files), "sum": float(data["flux"].sum())}
