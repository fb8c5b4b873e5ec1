class PowerSupply:
    """A model of a supply; no hardware is behind it."""

    def __init__(self, limit):
        self.limit, self._current = limit, 0.0

    def write(self, value):
        self._current = max(-self.limit, min(self.limit, value))
        return self

    def read(self):
        return self._current


ps = PowerSupply(2.0)
results = {"clipped": ps.write(5.0).read(), "negative": ps.write(-9).read()}
