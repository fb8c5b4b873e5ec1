import enum

import epics


class Mode(enum.IntEnum):
    OFF = 0
    SINGLE = 1
    TOPUP = 2

    def enter(self):
        return epics.caput("INJ:MODE", int(self))


results = {"ok": [Mode["SINGLE"].enter(), Mode(2).enter()]}
