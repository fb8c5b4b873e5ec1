import matplotlib.pyplot as plt

for k in range(80):
    plt.figure(figsize=(2, 2), dpi=40)
    plt.plot([k])
plt.show()
results = {"figures": 80}
