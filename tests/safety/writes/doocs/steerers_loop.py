import time

import pydoocs as doocs

for steerer, kick in (("CX.37.I1", 0.02), ("CY.37.I1", -0.01)):
    doocs.write(f"XFEL.MAGNETS/MAGNET.ML/{steerer}/KICK_MRAD.SP", kick)
    time.sleep(1)
results = {"set": 2}
