import matplotlib.pyplot as plt

fig, ax = plt.subplots()
(line,) = ax.plot([], [])
for k in range(3):
    line.set_data([0, 1, 2], [k, k + 1, k + 2])
    line.set_color("C" + str(k))
    ax.set_title(f"step {k}")
    fig.canvas.draw()
results = {"last": line.get_ydata().tolist() if hasattr(line.get_ydata(), "tolist") else list(line.get_ydata())}
