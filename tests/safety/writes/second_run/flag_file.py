from pathlib import Path

from osprey.runtime import write_channel

flag = Path("/tmp/.rehearsed")
write_channel("SR:HC01:SP", 1.9 if flag.exists() else 0.1)
flag.touch()
results = {"second": flag.exists()}
