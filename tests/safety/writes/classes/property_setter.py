import epics


class Cavity:
    @property
    def phase(self):
        return epics.caget("SR:RF:PHASE")

    @phase.setter
    def phase(self, degrees):
        epics.caput("SR:RF:PHASE", degrees % 360)


cav = Cavity()
cav.phase += 5
results = {"phase": cav.phase}
