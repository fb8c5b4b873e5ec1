from functools import cached_property

from epics import PV


class Timing:
    @cached_property
    def baseline(self):
        pv = PV("TIM:DELAY")
        pv.put(100)
        return pv.get()


results = {"baseline": Timing().baseline}
