from epics import PV


class Beam:
    def __init__(self):
        self.shutter = PV("FE04:SHUTTER")

    def __enter__(self):
        return PV("BL04:I0")

    def __exit__(self, *exc):
        self.shutter.put(0)
        return False


with Beam() as diode:
    value = diode.get()
results = {"i0": value}
