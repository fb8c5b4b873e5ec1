import cProfile

import epics  # noqa: F401

cProfile.run("epics.caput('SR:HC05:SP', 0.5)", "profile.out")
results = {"profiled": True}
