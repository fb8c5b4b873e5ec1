import random

random.seed(9)
x, path = 0.0, []
for _ in range(100):
    x += random.choice((-1, 1)) * 0.1
    path.append(x)
results = {"end": path[-1], "max": max(path)}
