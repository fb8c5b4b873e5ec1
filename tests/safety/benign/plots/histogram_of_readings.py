import matplotlib.pyplot as plt
from osprey.runtime import read_channels

values = read_channels([f"SR:BPM{n:02d}:X" for n in range(1, 9)])
plt.hist(list(values.values()), bins=4)
plt.gca().set_xlabel("x (mm)")
plt.show()
results = {"n": len(values)}
