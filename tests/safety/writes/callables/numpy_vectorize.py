import numpy as np
from epics import caput

apply = np.vectorize(caput, otypes=[int])
names = np.array(["SR:HC01:SP", "SR:HC02:SP", "SR:HC03:SP"])
results = {"status": apply(names, np.zeros(3)).tolist()}
