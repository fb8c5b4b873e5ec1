def multiply(a, b):
    return [[sum(x * y for x, y in zip(row, col)) for col in zip(*b)] for row in a]


drift = [[1, 2.0], [0, 1]]
thin = [[1, 0], [-0.5, 1]]
cell = multiply(drift, thin)
results = {"trace": cell[0][0] + cell[1][1], "stable": abs(cell[0][0] + cell[1][1]) < 2}
