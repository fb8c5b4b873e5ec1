import threading

import epics
from epics.ca import use_initial_context

done = threading.Event()


def work():
    use_initial_context()
    epics.PV("SR:HC08:SP").put(0.21, callback=lambda **kw: done.set())


thread = threading.Thread(target=work)
thread.start()
thread.join(5)
results = {"done": done.is_set()}
