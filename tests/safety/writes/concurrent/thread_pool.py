from concurrent.futures import ThreadPoolExecutor

import epics

plan = {f"SR:HC{n:02d}:SP": 0.01 * n for n in range(1, 9)}
with ThreadPoolExecutor(4) as pool:
    futures = [pool.submit(epics.caput, *item) for item in plan.items()]
results = {"ok": sum(f.result() for f in futures)}
