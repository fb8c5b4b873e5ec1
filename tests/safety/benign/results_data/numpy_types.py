import numpy as np

results = {"i": np.int32(4), "f": np.float32(0.5), "b": np.bool_(True), "a": np.eye(2), "t": np.datetime64("2026-11-30")}
