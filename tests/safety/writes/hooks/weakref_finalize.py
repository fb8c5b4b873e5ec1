import weakref

import epics


class Session:
    pass


session = Session()
weakref.finalize(session, epics.caput, "SR:HC06:SP", 0.12)
session = None
results = {}
