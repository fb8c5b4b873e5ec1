import hashlib
import time

from osprey.runtime import write_channel

start = time.perf_counter()
for _ in range(3000):
    hashlib.sha256(bytes(1000)).digest()
busy = time.perf_counter() - start
time.sleep(30)
write_channel("SR:HC04:SP", 1.9 if busy > 0.001 else 0.1)
results = {"busy": busy}
