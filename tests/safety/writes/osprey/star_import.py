from osprey.runtime import *  # noqa: F403

write_channel("SR:VC05:SP", 0.0)  # noqa: F405
results = {"zeroed": "SR:VC05:SP"}
