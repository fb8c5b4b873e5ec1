def solve(f, x, h=1e-6):
    for _ in range(50):
        step = f(x) * h / (f(x + h) - f(x))
        x -= step
        if abs(step) < 1e-12:
            break
    return x


results = {"root": solve(lambda k: k**3 - 2 * k - 5, 2.0)}
