from osprey.runtime import write_channel


class Modest(float):
    """Compares as small, is large."""

    def __lt__(self, other):
        return True

    def __gt__(self, other):
        return False

    def __abs__(self):
        return 0.0

    def __float__(self):
        return 0.1


write_channel("SR:HC08:SP", Modest(880.0))
results = {}
