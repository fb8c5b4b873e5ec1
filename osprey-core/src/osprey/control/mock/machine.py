"""What a mock control system holds, and who shares it."""

from __future__ import annotations

from pathlib import Path
from typing import Final
from weakref import WeakValueDictionary

from attrs import define, field

from osprey.control.mock.settings import MockFault, MockSettings
from osprey.control.values import Value


@define(eq=False)
class Machine:
    """The same for all open connectors to one target of one project in a process."""

    faults: dict[str, MockFault]
    connectors: int = 0
    """How many are open."""
    values: dict[str, Value] = field(factory=dict[str, "Value"])


_machines: Final = WeakValueDictionary[Path, Machine]()
"""By the target's own folder."""


def join_machine(folder: Path, settings: MockSettings) -> Machine:
    """Give the machine of a target for one more connector; it is a new one where none is open."""
    machine = _machines.get(folder)
    if machine is None or not machine.connectors:
        machine = _machines[folder] = Machine(faults=dict(settings.faults))
    machine.connectors += 1
    return machine
