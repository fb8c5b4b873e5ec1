import threading

import epics

timer = threading.Timer(0.2, epics.caput, args=("SR:HC01:SP", 0.9))
timer.start()
timer.join()
results = {"fired": True}
