from contextlib import ExitStack

import epics

with ExitStack() as stack:
    stack.callback(epics.caput, "SR:VC08:SP", epics.caget("SR:VC08:SP"))
    stack.push(lambda *exc: bool(epics.caput("SR:VC08:SP", 0.4)))
    x = epics.caget("SR:BPM01:X")
results = {"x": x}
