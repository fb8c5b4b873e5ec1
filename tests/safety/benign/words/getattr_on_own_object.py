class Stats:
    def mean(self, x):
        return sum(x) / len(x)

    def peak(self, x):
        return max(x)


stats = Stats()
results = {name: getattr(stats, name)([1, 2, 6]) for name in ("mean", "peak")}
