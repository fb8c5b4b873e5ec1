"""What each instrument shows of the machine: one function a source of readings.

A function takes the view and the numbers of its devices, and gives one row a time and one column a device.
White noise of a reading is added by the caller; what wanders slowly belongs to the instrument and is here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np

from osprey_sim.beam import FULL_CURRENT_MA, LIFETIME_H
from osprey_sim.catalogue import Source
from osprey_sim.devices import lattice_devices, spread_devices, supply_indices
from osprey_sim.faults import LEAK_MBAR
from osprey_sim.lattice import CIRCUMFERENCE_M, ENERGY_EV, HARMONIC_NUMBER, SPEED_OF_LIGHT
from osprey_sim.machine import LOSS_PER_TURN_MV
from osprey_sim.noise import Floats, Ints, gauss, smooth
from osprey_sim.orbit import chromaticities
from osprey_sim.tracks import stack_values
from osprey_sim.view import View

Instrument = Callable[[View, Ints], Floats]

EMITTANCE_M: Final = np.array([8.0e-9, 8.0e-11])
"""Natural emittance, and one hundredth of it by coupling."""
ENERGY_SPREAD: Final = 8.0e-4
BASE_PRESSURE_MBAR: Final = 4.0e-10
DESORPTION: Final = 3.0
"""The light of the full current multiplies the base pressure by one more than this."""
PUMP_UA_PER_MBAR: Final = 2.0e10
SHUNT_IMPEDANCE_MOHM: Final = 10.0
ORBIT_WANDER_MM: Final = 0.002

_GAUGES, _PUMPS, _SENSORS, _LOSS, _MONITORS = (3_000_000 + 1000 * i for i in range(5))
_VOLTAGE: Final = supply_indices("RF", "voltage")[0]
_SEXTUPOLES: Final = [supply_indices("SF")[0], supply_indices("SD")[0]]
_CURRENT_SOURCES: Final = frozenset(
    {
        Source.BPM_X,
        Source.BPM_Y,
        Source.LIFETIME,
        Source.TUNE,
        Source.SYNCHROTRON_TUNE,
        Source.CHROMATICITY,
        Source.BEAM_SIZE,
    }
)


def needs_beam(source: Source) -> bool:
    """Tell whether a reading without beam is invalid."""
    return source in _CURRENT_SOURCES


def _setpoint(view: View, numbers: Ints) -> Floats:
    # A set value is there at once, not at the next measurement.
    return stack_values([view.machine.setpoints[i] for i in numbers], view.times_ns)


def _readback(view: View, numbers: Ints) -> Floats:
    return view.outputs[:, numbers]


def _state(view: View, numbers: Ints) -> Floats:
    return stack_values([view.machine.states[i] for i in numbers], view.ticked_ns)


def _position(plane: int) -> Instrument:
    def show(view: View, numbers: Ints) -> Floats:
        streams = _MONITORS + plane * len(lattice_devices("BPM")) + numbers
        wander = ORBIT_WANDER_MM * view.noise * smooth(view.machine.seed, streams, view.seconds, 30.0)
        drift = stack_values([view.machine.drifts[i] for i in numbers], view.ticked_ns)
        return view.orbits_mm[:, plane, numbers] + wander + drift

    return show


def _sum_signal(view: View, numbers: Ints) -> Floats:
    return np.repeat(100 * view.current_ma[:, np.newaxis] / FULL_CURRENT_MA, len(numbers), axis=1)


def _beam_current(view: View, numbers: Ints) -> Floats:
    return np.repeat(view.current_ma[:, np.newaxis], len(numbers), axis=1)


def _lifetime(view: View, numbers: Ints) -> Floats:
    return np.full((len(view.times_ns), len(numbers)), LIFETIME_H)


def _tune(view: View, numbers: Ints) -> Floats:
    tunes = np.array([model.tune for model in view.models])[view.model_numbers]
    return tunes[:, numbers] % 1.0


def _synchrotron_tune(view: View, numbers: Ints) -> Floats:
    """Give the synchrotron frequency in kHz (Sands, SLAC-121, section 3.6)."""
    voltage = np.maximum(view.outputs[:, _VOLTAGE], LOSS_PER_TURN_MV)
    slope_v = 1e6 * np.sqrt(voltage**2 - LOSS_PER_TURN_MV**2)
    compaction = np.array([model.compaction for model in view.models])[view.model_numbers]
    turns_hz = SPEED_OF_LIGHT / CIRCUMFERENCE_M
    frequency = turns_hz * np.sqrt(HARMONIC_NUMBER * compaction * slope_v / (2 * np.pi * ENERGY_EV))
    return np.repeat(frequency[:, np.newaxis] / 1e3, len(numbers), axis=1)


def _chromaticity(view: View, numbers: Ints) -> Floats:
    currents = view.outputs[:, _SEXTUPOLES]
    found = np.empty((len(currents), 2))
    for state, model in enumerate(view.models):
        rows = view.model_numbers == state
        found[rows] = chromaticities(model, currents[rows])
    return found[:, numbers]


def _beam_size(view: View, numbers: Ints) -> Floats:
    beta = np.array([model.beta_at_light_m for model in view.models])[view.model_numbers]
    spread = np.zeros_like(beta)
    eta = np.array([model.dispersion_at_light_m for model in view.models])[view.model_numbers]
    spread[:, 0] = eta * ENERGY_SPREAD
    return 1e6 * np.sqrt(EMITTANCE_M * beta + spread**2)[:, numbers]


def _pressure(view: View, numbers: Ints) -> Floats:
    seed = view.machine.seed
    quiet = BASE_PRESSURE_MBAR * np.exp(0.2 * gauss(seed, _GAUGES + numbers, [0]))
    wander = np.exp(0.03 * view.noise * smooth(seed, _GAUGES + numbers, view.seconds, 60.0))
    flicker = 1 + 0.01 * view.noise * gauss(seed, _GAUGES + 500 + numbers, view.ticks)
    beam = 1 + DESORPTION * view.current_ma[:, np.newaxis] / FULL_CURRENT_MA
    leak = LEAK_MBAR * stack_values([view.machine.leaks[i] for i in numbers], view.ticked_ns)
    return (quiet * beam * wander + leak) * flicker


def _pump_current(view: View, numbers: Ints) -> Floats:
    """Give the currents of the pumps: they see the mean pressure of the gauges in their sector."""
    gauges, pumps = spread_devices("VG"), spread_devices("IP")
    weights = np.array([[g.sector == pumps[i].sector for g in gauges] for i in numbers], dtype=float)
    weights /= weights.sum(axis=1, keepdims=True)
    pressure = _pressure(view, np.arange(len(gauges))) @ weights.T
    return PUMP_UA_PER_MBAR * pressure * np.exp(0.1 * gauss(view.machine.seed, _PUMPS + numbers, [0]))


def _temperature(view: View, numbers: Ints) -> Floats:
    seed = view.machine.seed
    rest = 26.0 + gauss(seed, _SENSORS + numbers, [0])
    wander = 0.3 * view.noise * smooth(seed, _SENSORS + numbers, view.seconds, 3600.0)
    return rest + wander + 2.0 * view.current_ma[:, np.newaxis] / FULL_CURRENT_MA


def _beam_loss(view: View, numbers: Ints) -> Floats:
    """Give the loss rates: they follow the current and grow where the orbit comes near the wall."""
    excursion = np.nan_to_num(np.abs(view.orbits_mm).max(axis=(1, 2)))[:, np.newaxis] / 5.0
    rate = 40.0 * view.current_ma[:, np.newaxis] / FULL_CURRENT_MA * (1 + excursion**4)
    return rate * np.exp(0.2 * view.noise * smooth(view.machine.seed, _LOSS + numbers, view.seconds, 2.0))


def _rf_power(view: View, numbers: Ints) -> Floats:
    """Give the forward and the reflected power in kW: the cavity's walls and what the beam takes."""
    walls = 1e3 * view.outputs[:, _VOLTAGE] ** 2 / (2 * SHUNT_IMPEDANCE_MOHM)
    forward = walls + LOSS_PER_TURN_MV * view.current_ma
    return np.stack([forward, 0.02 * forward], axis=1)[:, numbers]


INSTRUMENTS: Final[Mapping[Source, Instrument]] = {
    Source.SETPOINT: _setpoint,
    Source.READBACK: _readback,
    Source.STATE: _state,
    Source.BPM_X: _position(0),
    Source.BPM_Y: _position(1),
    Source.BPM_SUM: _sum_signal,
    Source.BEAM_CURRENT: _beam_current,
    Source.LIFETIME: _lifetime,
    Source.TUNE: _tune,
    Source.SYNCHROTRON_TUNE: _synchrotron_tune,
    Source.CHROMATICITY: _chromaticity,
    Source.BEAM_SIZE: _beam_size,
    Source.PRESSURE: _pressure,
    Source.PUMP_CURRENT: _pump_current,
    Source.TEMPERATURE: _temperature,
    Source.BEAM_LOSS: _beam_loss,
    Source.RF_POWER: _rf_power,
}
