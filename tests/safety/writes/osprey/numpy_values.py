import numpy as np
from osprey.runtime import write_channels

kicks = np.random.default_rng(3).normal(0, 0.01, size=8)
write_channels({f"SR:VC{i + 1:02d}:SP": kick for i, kick in enumerate(kicks)})
results = {"rms": float(kicks.std())}
