import numpy as np

x = np.r_[np.random.default_rng(2).normal(0, 1, 50), 40.0]
m = np.ma.masked_outside(x, -5, 5)
m.set_fill_value(0.0)
results = {"mean": float(m.mean()), "rejected": int(m.mask.sum())}
