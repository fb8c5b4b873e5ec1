import matplotlib as mpl
import matplotlib.pyplot as plt

mpl.rcParams["lines.linewidth"] = 2
mpl.rcParams.update({"font.size": 9})
with plt.style.context("ggplot"):
    plt.errorbar([1, 2], [3, 4], yerr=[0.1, 0.2])
    plt.savefig("errors.png", dpi=60)
results = {}
