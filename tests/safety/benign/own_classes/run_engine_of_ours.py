class RunEngine:
    def __init__(self):
        self.seen = []

    def __call__(self, plan):
        self.seen.extend(plan)
        return len(self.seen)


def scan(points):
    for p in points:
        yield ("set", "motor", p)


results = {"messages": RunEngine()(scan([1, 2, 3]))}
