values = [1.0, float("nan"), 3.0]
good = [v for v in values if v == v]
results = {"mean": sum(good) / len(good), "values": values}
