import numpy as np
from osprey.runtime import read_channel, write_channels

NAMES = ("LTB:Q1:SETPT", "LTB:Q2:SETPT")


def cost(x):
    write_channels(dict(zip(NAMES, map(float, x))))
    return -read_channel("SR:DCCT")


def nelder_mead_like(f, x, step=0.05, rounds=4):
    best = (f(x), x)
    for _ in range(rounds):
        for k in range(len(x)):
            y = best[1].copy()
            y[k] += step
            best = min(best, (f(y), y), key=lambda pair: pair[0])
    return best


value, where = nelder_mead_like(cost, np.array([2.0, 2.0]))
results = {"best": where.tolist()}
