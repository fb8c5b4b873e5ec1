import time

start = time.perf_counter()
total = sum(n * n for n in range(20_000))
took = time.perf_counter() - start
results = {"total": total, "positive": took >= 0}
