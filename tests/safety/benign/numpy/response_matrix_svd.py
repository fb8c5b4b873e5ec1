import numpy as np

rng = np.random.default_rng(11)
R = rng.normal(size=(16, 8))
u, s, vt = np.linalg.svd(R, full_matrices=False)
inverse = vt.T @ np.diag(np.where(s > 0.1 * s[0], 1 / s, 0)) @ u.T
orbit = R @ rng.normal(size=8)
correction = -inverse @ orbit
results = {"rms_before": float(orbit.std()), "rms_after": float((orbit + R @ correction).std())}
