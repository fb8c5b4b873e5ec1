import numpy as np
from scipy.optimize import curve_fit


def lorentz(f, f0, width, height):
    return height / (1 + ((f - f0) / width) ** 2)


f = np.linspace(499, 501, 81)
best, cov = curve_fit(lorentz, f, lorentz(f, 499.9, 0.1, 2.0), p0=(500, 0.2, 1))
results = {"f0": float(best[0]), "error": float(np.sqrt(cov[0, 0]))}
