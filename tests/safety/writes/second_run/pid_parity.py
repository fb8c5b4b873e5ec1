import os

from osprey.runtime import write_channel

write_channel("SR:HC05:SP", 0.1 if os.getpid() % 2 else 1.9)
results = {"pid": os.getpid()}
