import numpy as np

m = np.memmap("turns.dat", dtype="float32", mode="w+", shape=(100,))
m[:] = np.arange(100)
m.flush()
results = {"sum": float(np.memmap("turns.dat", dtype="float32", mode="r").sum())}
