import queue
import threading

from epics import PV

jobs = queue.Queue()


def worker():
    for name, value in iter(jobs.get, (None, None)):
        PV(name).put(value, wait=True)
        jobs.task_done()


thread = threading.Thread(target=worker, daemon=True)
thread.start()
jobs.put(("SR:VC07:SP", 0.3))
jobs.join()
jobs.put((None, None))
results = {}
