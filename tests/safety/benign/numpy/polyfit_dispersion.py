import numpy as np

delta = np.linspace(-2e-3, 2e-3, 9)
x = 0.4 * delta + 12.0 * delta**2 + 1e-6 * np.cos(np.arange(9))
fit = np.polynomial.Polynomial.fit(delta, x, 2).convert()
results = {"dispersion_m": float(fit.coef[1]), "second_order": float(fit.coef[2])}
