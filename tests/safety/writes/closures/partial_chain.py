from functools import partial, reduce

import epics

steps = [partial(epics.caput, "SR:VC01:SP"), partial(round, ndigits=3), lambda x: x * 0.5]
results = {"r": reduce(lambda acc, f: f(acc), reversed(steps), 0.42)}
