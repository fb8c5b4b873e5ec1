from concurrent.futures import ThreadPoolExecutor


def emittance(n):
    return sum(k * 1e-3 for k in range(n))


with ThreadPoolExecutor(2) as pool:
    results = {"e": list(pool.map(emittance, [10, 20, 30]))}
