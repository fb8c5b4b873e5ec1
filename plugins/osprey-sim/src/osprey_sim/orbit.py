"""The beam's path for given outputs of the supplies: the solved optics of a state, and the closed orbit."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from functools import cache
from typing import Final

import numpy as np
from attrs import frozen

from osprey_sim.devices import (
    K1_PER_A,
    KICK_RAD_PER_A,
    SEXTUPOLE_NOMINAL_A,
    all_supplies,
    supply_indices,
)
from osprey_sim.lattice import (
    CIRCUMFERENCE_M,
    QUADRUPOLE_LENGTH_M,
    RF_FREQUENCY_HZ,
    SECTORS,
    indices_of,
    indices_of_bends,
    quadrupole_families,
)
from osprey_sim.noise import Floats, gauss
from osprey_sim.optics import Optics, orbit_response, solve_optics

APERTURE_MM: Final = 12.0
"""A closed orbit beyond this at any monitor loses the beam."""
MISALIGNMENT_M: Final = 3.0e-5
NOMINAL_CHROMATICITY: Final = 1.0
_KEPT_STATES: Final = 128
_MISALIGNMENT_STREAMS: Final = 2_000_000

_QUADRUPOLE_FAMILIES: Final = tuple(K1_PER_A)
_QUADRUPOLE_NUMBERS: Final = [i for f in _QUADRUPOLE_FAMILIES for i in supply_indices(f)]
_QUADRUPOLE_SUPPLIES: Final = np.array(_QUADRUPOLE_NUMBERS)
_QUADRUPOLE_MARKS: Final = np.array([i for f in _QUADRUPOLE_FAMILIES for i in indices_of(f)])
_K1_PER_A: Final = np.array([K1_PER_A[all_supplies()[i].device.family] for i in _QUADRUPOLE_NUMBERS])
_LENGTHS_M: Final = np.array([QUADRUPOLE_LENGTH_M[all_supplies()[i].device.family] for i in _QUADRUPOLE_NUMBERS])
_MONITORS: Final = np.array(indices_of("BPM"))
_CORRECTORS: Final = ("HCM", "VCM")
_CORRECTOR_SUPPLIES: Final = tuple(np.array(supply_indices(family)) for family in _CORRECTORS)
_KICKS: Final = tuple(np.array([*indices_of(family), *_QUADRUPOLE_MARKS]) for family in _CORRECTORS)
_FREQUENCY: Final = supply_indices("RF", "frequency")[0]
_NOMINAL_FREQUENCY_HZ: Final = round(RF_FREQUENCY_HZ, 1)
LIGHT_SOURCE_POINT: Final = indices_of_bends()[12] - 1
"""Where the synchrotron light monitor looks at the beam: into the first bend of sector 7."""


def _lattice_order() -> list[int]:
    """Tell which quadrupole supply feeds each quadrupole, going around the ring."""
    remaining = {family: iter(range(len(_QUADRUPOLE_SUPPLIES))) for family in _QUADRUPOLE_FAMILIES}
    families = [all_supplies()[i].device.family for i in _QUADRUPOLE_NUMBERS]
    around = quadrupole_families() * SECTORS
    return [next(i for i in remaining[family] if families[i] == family) for family in around]


_LATTICE_ORDER: Final = np.array(_lattice_order())


@frozen(kw_only=True)
class LinearModel:
    """All that one state of the quadrupoles decides."""

    is_stable: bool
    tune: Floats
    compaction: float
    beta_at_light_m: Floats
    dispersion_at_light_m: float
    response: tuple[Floats, Floats]
    """Metres at each monitor per radian of each kick, for both planes; the horizontal one at constant
    path length, because the radio frequency fixes the revolution time."""
    frequency_response: Floats
    """Horizontal metres at each monitor per relative change of the radio frequency."""
    natural_chromaticity: Floats
    sextupole_moments: Floats
    """(planes, families): chromaticity per unit of integrated sextupole strength."""


def _model_of(optics: Optics, k1: Floats, state: int) -> LinearModel:
    eta = optics.dispersion_m[state]
    beta = optics.beta_m[state]
    compaction = float(optics.compaction[state])
    horizontal, vertical = (orbit_response(optics, plane, _MONITORS, _KICKS[plane])[state] for plane in (0, 1))
    # A kick where there is dispersion lengthens the path by theta eta; at a fixed radio frequency the
    # momentum gives way: delta = -(sum theta_j eta_j / C + df/f) / alpha_c (Sands, section 5.2, 5.3).
    horizontal = horizontal - np.outer(eta[_MONITORS], eta[_KICKS[0]]) / (compaction * CIRCUMFERENCE_M)
    sign = np.array([[-1.0], [1.0]])
    gradients = (k1 * _LENGTHS_M)[np.newaxis]
    moments = [(beta[:, i] * eta[i]).sum(axis=1) for i in (indices_of("SF"), indices_of("SD"))]
    return LinearModel(
        is_stable=bool(optics.is_stable[state]),
        tune=optics.tune[state],
        compaction=compaction,
        beta_at_light_m=beta[:, LIGHT_SOURCE_POINT],
        dispersion_at_light_m=float(eta[LIGHT_SOURCE_POINT]),
        response=(horizontal, vertical),
        frequency_response=-eta[_MONITORS] / compaction,
        natural_chromaticity=(sign * beta[:, _QUADRUPOLE_MARKS] * gradients).sum(axis=1) / (4 * np.pi),
        sextupole_moments=-sign * np.stack(moments, axis=1) / (4 * np.pi),
    )


class OrbitModel:
    """The ring of one seed: its misalignments decide where the beam goes when nothing is corrected."""

    def __init__(self, seed: int) -> None:
        streams = range(_MISALIGNMENT_STREAMS, _MISALIGNMENT_STREAMS + len(_QUADRUPOLE_SUPPLIES))
        self._misalignments_m = MISALIGNMENT_M * gauss(seed, streams, [0, 1])
        self._models: OrderedDict[bytes, LinearModel] = OrderedDict()

    def models(self, outputs: Floats) -> tuple[list[LinearModel], np.ndarray]:
        """Solve the states of the quadrupoles; give them and the number of the state of each row."""
        currents = outputs[:, _QUADRUPOLE_SUPPLIES]
        if len(currents) == 1 or not np.ptp(currents, axis=0).any():
            states, numbers = currents[:1], np.zeros(len(currents), dtype=np.intp)
        else:
            states, numbers = np.unique(currents, axis=0, return_inverse=True)
        keys = [state.tobytes() for state in states]
        found = {key: self._models[key] for key in keys if key in self._models}
        missing = [i for i, key in enumerate(keys) if key not in found]
        for start in range(0, len(missing), 64):
            block = missing[start : start + 64]
            k1 = states[block] * _K1_PER_A
            optics = solve_optics(k1[:, _LATTICE_ORDER])
            found |= {keys[i]: _model_of(optics, k1[state], state) for state, i in enumerate(block)}
        self._keep({key: found[key] for key in keys[-_KEPT_STATES:]})
        return [found[key] for key in keys], numbers

    def _keep(self, models: dict[bytes, LinearModel]) -> None:
        for key, model in models.items():
            self._models[key] = model
            self._models.move_to_end(key)
        while len(self._models) > _KEPT_STATES:
            self._models.popitem(last=False)

    def orbits_mm(self, outputs: Floats, models: Sequence[LinearModel], numbers: np.ndarray) -> Floats:
        """Give the closed orbit at the monitors, as (times, planes, monitors); NaN where there is none."""
        orbits = np.empty((len(outputs), 2, len(_MONITORS)))
        detune = (outputs[:, _FREQUENCY] - _NOMINAL_FREQUENCY_HZ) / _NOMINAL_FREQUENCY_HZ
        for plane, family in enumerate(_CORRECTORS):
            kicks = self._kicks_rad(outputs, plane, family)
            for number, model in enumerate(models):
                rows = numbers == number
                orbits[rows, plane] = kicks[rows] @ model.response[plane].T
                if plane == 0:
                    orbits[rows, 0] += np.outer(detune[rows], model.frequency_response)
        return orbits * 1e3

    def _kicks_rad(self, outputs: Floats, plane: int, family: str) -> Floats:
        """Give the kicks of the correctors, and of the quadrupoles that the beam passes off centre."""
        corrector = KICK_RAD_PER_A[family] * outputs[:, _CORRECTOR_SUPPLIES[plane]]
        gradient = outputs[:, _QUADRUPOLE_SUPPLIES] * (_K1_PER_A * _LENGTHS_M)
        sign = 1.0 if plane == 0 else -1.0
        return np.hstack([corrector, sign * gradient * self._misalignments_m[plane]])

    def correct(self, outputs: Floats) -> Floats:
        """Give the corrector currents that flatten the orbit of `outputs`, as operators left them.

        The least-squares solution, with small singular values cut, rounded to a milliampere.
        """
        models, numbers = self.models(outputs[np.newaxis])
        orbit = self.orbits_mm(outputs[np.newaxis], models, numbers)[0] / 1e3
        corrected = outputs.copy()
        for plane, family in enumerate(_CORRECTORS):
            supplies = _CORRECTOR_SUPPLIES[plane]
            response = models[0].response[plane][:, : len(supplies)] * KICK_RAD_PER_A[family]
            step = np.linalg.pinv(response, rcond=0.02) @ orbit[plane]
            corrected[supplies] = np.clip(np.round(outputs[supplies] - step, 3), -4.0, 4.0)
        return corrected


@cache
def _sextupole_strength_per_a() -> Floats:
    """Calibrate the sextupoles: their nominal currents give the nominal chromaticity in both planes."""
    nominal = np.array([[supply.nominal for supply in all_supplies()]])
    models, _ = OrbitModel(0).models(nominal)
    wanted = NOMINAL_CHROMATICITY - models[0].natural_chromaticity
    return np.linalg.solve(models[0].sextupole_moments, wanted) / list(SEXTUPOLE_NOMINAL_A.values())


def chromaticities(model: LinearModel, sextupole_currents: Floats) -> Floats:
    """Give the chromaticity as (times, planes) for sextupole currents as (times, families)."""
    strengths = sextupole_currents * _sextupole_strength_per_a()
    return model.natural_chromaticity + strengths @ model.sextupole_moments.T
