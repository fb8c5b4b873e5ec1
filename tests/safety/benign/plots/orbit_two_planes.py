import matplotlib.pyplot as plt
import numpy as np

s = np.linspace(0, 100, 50)
fig, (top, bottom) = plt.subplots(2, sharex=True)
top.plot(s, np.sin(s / 5), label="x")
bottom.plot(s, np.cos(s / 7), label="y", color="tab:red")
for ax in (top, bottom):
    ax.set_ylabel("mm")
    ax.legend()
    ax.set(ylim=(-1.5, 1.5))
fig.suptitle("Closed orbit")
plt.savefig("orbit.png")
results = {"points": int(s.size)}
