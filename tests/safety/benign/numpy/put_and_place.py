import numpy as np

a = np.zeros(12)
np.put(a, [1, 3, 5], [0.1, 0.3, 0.5])
a.put([7], [0.7])
np.place(a, a == 0, -1)
a.itemset(0, 9.0) if hasattr(a, "itemset") else a.__setitem__(0, 9.0)
results = {"a": a.tolist()}
