import numpy as np
from scipy.optimize import minimize

TARGET = np.array([1.0, -0.5])


def model_cost(k):
    setpoint = np.asarray(k)
    return float(((setpoint - TARGET) ** 2).sum())


res = minimize(model_cost, [0, 0], method="Nelder-Mead")
results = {"k": res.x.tolist()}
