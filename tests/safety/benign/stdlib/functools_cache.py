from functools import lru_cache, partial, reduce


@lru_cache
def beta(s):
    return 3.0 + (s - 2) ** 2 / 3.0


scale = partial(round, ndigits=2)
results = {"beta": [scale(beta(s)) for s in range(5)], "product": reduce(lambda a, b: a * b, [1, 2, 3])}
