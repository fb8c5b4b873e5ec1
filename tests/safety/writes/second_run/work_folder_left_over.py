import os

import epics

seen = sorted(os.listdir("."))
epics.caput("SR:HC02:SP", 1.5 if "warm.npy" in seen else 0.05)
open("warm.npy", "wb").close()
results = {"seen": seen}
