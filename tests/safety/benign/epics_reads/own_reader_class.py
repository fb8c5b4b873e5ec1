import epics


class Reader:
    """Reads a family of channels, remembers the last answer."""

    def __init__(self, family):
        self.family = family
        self.last = {}

    def update(self):
        self.last.update({n: epics.caget(f"SR:{self.family}{n:02d}:SP") for n in range(1, 4)})
        return self.last


reader = Reader("VC")
reader.update()
results = {str(k): v for k, v in reader.last.items()}
