from osprey.runtime import write_channels


class Twice(dict):
    def items(self):
        yield "SR:VC02:SP", 0.1
        yield "SR:VC02:SP", 190.0


write_channels(Twice())
results = {}
