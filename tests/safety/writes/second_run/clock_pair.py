import time

from osprey.runtime import write_channel

a, b = time.time(), time.monotonic()
time.sleep(0.2)
virtual = (time.monotonic() - b) != (time.time() - a)
write_channel("SR:HC03:SP", 0.1 if virtual else 1.9)
results = {"virtual": virtual}
