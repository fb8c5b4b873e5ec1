from functools import singledispatch

from epics import PV


@singledispatch
def handle(item):
    return item


@handle.register
def _(item: float):
    return PV("SR:HC03:SP").put(item)


results = {"handled": [str(handle(x)) for x in ("a", 0.2)]}
