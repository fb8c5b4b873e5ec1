from epics import PV


class Smooth(PV):
    """A PV that is set in ten steps."""

    def glide(self, target, steps=10):
        here = self.get()
        for k in range(1, steps + 1):
            self.put(here + (target - here) * k / steps)


Smooth("SR:HC04:SP").glide(0.5)
results = {}
