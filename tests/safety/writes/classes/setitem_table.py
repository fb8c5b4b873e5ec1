from collections.abc import MutableMapping

import epics


class Machine(MutableMapping):
    names = ["SR:HC06:SP", "SR:HC07:SP"]

    def __getitem__(self, name):
        return epics.caget(name)

    def __setitem__(self, name, value):
        epics.caput(name, value)

    def __delitem__(self, name):
        raise TypeError(name)

    def __iter__(self):
        return iter(self.names)

    def __len__(self):
        return len(self.names)


ring = Machine()
ring["SR:HC06:SP"] = 0.2
ring.update({"SR:HC07:SP": 0.1})
results = dict(ring)
