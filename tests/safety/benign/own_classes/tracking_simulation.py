import random


class Particle:
    def __init__(self, x, px):
        self.x, self.px = x, px


random.seed(4)
bunch = [Particle(random.gauss(0, 1e-3), 0.0) for _ in range(200)]
for _ in range(50):
    for p in bunch:
        p.px -= 0.8 * p.x
        p.x += 0.5 * p.px
results = {"rms": (sum(p.x**2 for p in bunch) / len(bunch)) ** 0.5}
