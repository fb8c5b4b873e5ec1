import numpy as np
from osprey.runtime import write_channel

write_channel("SR:HC07:SP", np.full(4, 77.0))
write_channel("INJ:KICK:WF", [0.0] * 10_000)
results = {}
