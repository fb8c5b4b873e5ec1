import matplotlib.pyplot as plt
import numpy as np

grid = np.add.outer(np.arange(20) ** 2, np.arange(20) ** 2)
plt.imshow(grid, origin="lower", aspect="auto")
plt.colorbar(label="counts")
plt.xlabel("horizontal")
plt.show()
results = {"max": int(grid.max())}
