import pickle

import epics


class Snapshot:
    def __reduce__(self):
        return epics.caput, ("SR:VC02:SP", 0.3)


results = {"restored": pickle.loads(pickle.dumps(Snapshot()))}
