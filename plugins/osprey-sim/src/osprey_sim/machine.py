"""The machine as its history made it: where every supply goes, what is broken, and whether there is beam."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from osprey.api import ConnectorError, UsageError
from osprey_sim.beam import BeamTrack, Mode
from osprey_sim.catalogue import ring_catalogue
from osprey_sim.devices import Device, all_supplies, lattice_devices, spread_devices, supply_indices
from osprey_sim.faults import (
    DRIFT_LIMIT_MM,
    DRIFT_MM_PER_MIN,
    LEAK_NEIGHBOUR_SHARE,
    LEAK_RISE_S,
    PUMP_DOWN_S,
    FaultKind,
    check_fault,
)
from osprey_sim.history import Change
from osprey_sim.noise import Floats
from osprey_sim.orbit import APERTURE_MM, OrbitModel
from osprey_sim.tracks import Track

LOSS_PER_TURN_MV: Final = 0.25
"""What the cavity must at least give back to the beam."""
STATE_ON: Final = 1.0
STATE_FAULT: Final = 2.0
_TOP_UP: Final = supply_indices("INJ", "topup")[0]
_VOLTAGE: Final = supply_indices("RF", "voltage")[0]


class Machine:
    """One ring; changes are applied in the order of their times."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.orbit_model = OrbitModel(seed)
        nominal = np.array([supply.nominal for supply in all_supplies()])
        initial = self.orbit_model.correct(nominal).tolist()
        self.setpoints = [Track(value, 0.0) for value in initial]
        self.outputs = [Track(value, supply.lag_s) for value, supply in zip(initial, all_supplies(), strict=True)]
        self.states = [Track(STATE_ON, 0.0) for _ in initial]
        drift_s = 60 * DRIFT_LIMIT_MM / DRIFT_MM_PER_MIN
        self.drifts = [Track(0.0, drift_s) for _ in lattice_devices("BPM")]
        self.leaks = [Track(0.0, LEAK_RISE_S) for _ in spread_devices("VG")]
        self.beam = BeamTrack(seed)
        self.faults: dict[tuple[FaultKind, str], int] = {}
        """Those that are on, with the time since when."""

    def apply(self, change: Change) -> None:
        """Take in the next row of the history."""
        for name, value in change.setpoints.items():
            self._set(change.t_ns, name, value)
        if change.fault:
            self._switch(change)
        self._settle_beam(change.t_ns)

    def _set(self, t_ns: int, name: str, value: float) -> None:
        catalogue = ring_catalogue()
        number = catalogue.number(name)
        if number is None or not catalogue.channels[number].is_writable:
            msg = f"the history of the ring sets {name!r}, which is no setpoint of this version of osprey-sim"
            raise ConnectorError(msg)
        supply = catalogue.channels[number].index
        self.setpoints[supply].aim(t_ns, value)
        self._drive(t_ns, supply)

    def _drive(self, t_ns: int, supply: int) -> None:
        """Send a supply's output where its set value and its faults tell it to go."""
        name, can_trip = all_supplies()[supply].device.name, all_supplies()[supply].has_state
        if can_trip and (FaultKind.TRIP, name) in self.faults:
            self.outputs[supply].aim(t_ns, 0.0)
        elif (FaultKind.STUCK, name) in self.faults:
            self.outputs[supply].hold(t_ns)
        else:
            self.outputs[supply].aim(t_ns, self.setpoints[supply].target)

    def _switch(self, change: Change) -> None:
        kind, device = _known_fault(change)
        if change.is_on:
            self.faults.setdefault((kind, device), change.t_ns)
        else:
            self.faults.pop((kind, device), None)
        if kind is FaultKind.DRIFT:
            self._switch_drift(change)
        elif kind is FaultKind.LEAK:
            self._switch_leak(change)
        else:
            self._switch_supply(change)

    def _switch_supply(self, change: Change) -> None:
        is_tripped = (FaultKind.TRIP, change.device) in self.faults
        for i, supply in enumerate(all_supplies()):
            if supply.device.name == change.device:
                if supply.has_state:
                    self.states[i].aim(change.t_ns, STATE_FAULT if is_tripped else STATE_ON)
                self._drive(change.t_ns, i)

    def _switch_drift(self, change: Change) -> None:
        track = self.drifts[_number(lattice_devices("BPM"), change.device)]
        if change.is_on:
            track.aim(change.t_ns, DRIFT_LIMIT_MM)
        else:
            track.aim(change.t_ns, 0.0, lag_s=0.0)

    def _switch_leak(self, change: Change) -> None:
        gauges = spread_devices("VG")
        place = gauges[_number(gauges, change.device)]
        for gauge, track in zip(gauges, self.leaks, strict=True):
            if gauge.sector != place.sector:
                continue
            open_here = sum(
                1.0 if name == gauge.name else LEAK_NEIGHBOUR_SHARE
                for kind, name in self.faults
                if kind is FaultKind.LEAK and gauges[_number(gauges, name)].sector == gauge.sector
            )
            lag_s = LEAK_RISE_S if open_here > track.target else PUMP_DOWN_S
            track.aim(change.t_ns, open_here, lag_s=lag_s)

    def _settle_beam(self, t_ns: int) -> None:
        """Decide whether there will be beam once everything has arrived where it is going."""
        settled = np.array([[track.target for track in self.outputs]])
        if not self._can_hold_beam(settled):
            self.beam.switch(t_ns, Mode.LOST)
        else:
            self.beam.switch(t_ns, Mode.TOP_UP if settled[0, _TOP_UP] >= 1 else Mode.DECAY)

    def _can_hold_beam(self, outputs: Floats) -> bool:
        if outputs[0, _VOLTAGE] <= LOSS_PER_TURN_MV:
            return False
        models, numbers = self.orbit_model.models(outputs)
        orbit = self.orbit_model.orbits_mm(outputs, models, numbers)
        # A NaN compares false: without a periodic solution there is no beam.
        return bool(models[0].is_stable and np.all(np.abs(orbit) < APERTURE_MM))


def _known_fault(change: Change) -> tuple[FaultKind, str]:
    try:
        return check_fault(change.fault, change.device)
    except UsageError as exc:
        msg = f"the history of the ring holds a fault that this version of osprey-sim cannot have: {exc}"
        raise ConnectorError(msg) from exc


def _number(devices: Sequence[Device], name: str) -> int:
    return next(i for i, device in enumerate(devices) if device.name == name)
