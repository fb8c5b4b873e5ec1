import numpy as np

rng = np.random.default_rng(1)
errors = rng.normal(0, 30e-6, size=(500, 32))
kick = errors @ np.linspace(0.5, 1.5, 32)
results = {"rms_urad": float(kick.std() * 1e6), "p99": float(np.quantile(np.abs(kick), 0.99) * 1e6)}
