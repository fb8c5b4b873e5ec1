"""The faults that can be switched on, and which devices can have them."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from osprey.api import UsageError
from osprey_sim.devices import all_supplies, lattice_devices, spread_devices


class FaultKind(StrEnum):
    """What can go wrong with a device."""

    STUCK = "stuck"
    """A supply's output stays where it is, whatever is set."""
    TRIP = "trip"
    """A supply is off: its output falls to zero and its state says FAULT."""
    DRIFT = "drift"
    """A beam position monitor wanders off by `DRIFT_MM_PER_MIN`, at most `DRIFT_LIMIT_MM`."""
    LEAK = "leak"
    """Air comes in at a vacuum gauge; the neighbours in its sector see some of it."""


DRIFT_MM_PER_MIN: Final = 0.2
DRIFT_LIMIT_MM: Final = 2.0
LEAK_MBAR: Final = 8.0e-8
LEAK_NEIGHBOUR_SHARE: Final = 0.2
LEAK_RISE_S: Final = 20.0
PUMP_DOWN_S: Final = 120.0

# A kick of a tripped supply decays with its own lag; only what has a state can trip.
_SUPPLIES: Final = {
    FaultKind.STUCK: tuple(dict.fromkeys(supply.device.name for supply in all_supplies())),
    FaultKind.TRIP: tuple(dict.fromkeys(s.device.name for s in all_supplies() if s.has_state)),
}


def devices_for(kind: FaultKind) -> tuple[str, ...]:
    """List the devices that can have this fault."""
    if kind is FaultKind.DRIFT:
        return tuple(device.name for device in lattice_devices("BPM"))
    if kind is FaultKind.LEAK:
        return tuple(device.name for device in spread_devices("VG"))
    return _SUPPLIES[kind]


def check_fault(kind: str, device: str) -> tuple[FaultKind, str]:
    """Give the fault and the device by their proper names.

    :raises UsageError: there is no such fault, or the device cannot have it.
    """
    try:
        found = FaultKind(kind.lower())
    except ValueError:
        msg = f"no fault {kind!r}: use one of {', '.join(FaultKind)}"
        raise UsageError(msg) from None
    names = devices_for(found)
    if device.upper() not in names:
        msg = f"{device!r} cannot have the fault {found.value!r}: use one of {names[0]} to {names[-1]}"
        raise UsageError(msg)
    return found, device.upper()
