"""Read the orbit.

Never call epics.caput() or write_channel() here: PV.put and dev.write_attribute are for the operator.
"""
from osprey.runtime import read_channel

results = {"x": read_channel("SR:BPM01:X")}
