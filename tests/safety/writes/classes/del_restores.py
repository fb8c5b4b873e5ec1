import epics


class Reserve:
    def __init__(self, name):
        self.pv = epics.PV(name)
        self.value = self.pv.get()

    def __del__(self):
        self.pv.put(self.value)


r = Reserve("ID04:GAP")
del r
results = {}
