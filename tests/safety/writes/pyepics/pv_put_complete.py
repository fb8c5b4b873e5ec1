import time

from epics import PV

phase = PV("SR:RF:PHASE")
phase.wait_for_connection(timeout=3.0)
phase.put(12.5, use_complete=True)
deadline = time.time() + 5
while not phase.put_complete and time.time() < deadline:
    time.sleep(0.05)
results = {"done": phase.put_complete}
