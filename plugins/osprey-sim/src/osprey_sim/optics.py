"""The periodic solution of the lattice: beta functions, phases, dispersion, tunes, and the closed orbit.

After Courant and Snyder, Ann. Phys. 3 (1958) 1, and Sands, SLAC-121 (1970). All is done for many states of
the quadrupoles at once (the first axis), because an archive asks for the past as a whole.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from attrs import frozen

from osprey_sim.lattice import (
    BEND_ANGLE,
    BEND_LENGTH_M,
    CIRCUMFERENCE_M,
    SECTORS,
    cell_matrices,
    indices_of_bends,
)
from osprey_sim.noise import Floats

_BENDS: Final = np.array(indices_of_bends())


@frozen(kw_only=True)
class Optics:
    """The periodic solution; planes are numbered 0 (horizontal) and 1 (vertical)."""

    is_stable: np.ndarray
    """(states): False where a plane has no periodic solution; all else is NaN there."""
    beta_m: Floats
    """(states, planes, elements) at the exit of each element."""
    phase: Floats
    """(states, planes, elements) in radians from the start of sector 1."""
    dispersion_m: Floats
    """(states, elements), horizontal."""
    tune: Floats
    """(states, planes)."""
    compaction: Floats
    """(states): the relative lengthening of the orbit per relative momentum deviation."""


def accumulate(matrices: Floats) -> Floats:
    """Multiply up the matrices from the start of the ring to the exit of every element.

    Takes and gives the shape of `cell_matrices`: within all cells at once, then from cell to cell.
    """
    maps = matrices.copy()
    for i in range(1, maps.shape[3]):
        maps[:, :, :, i] = matrices[:, :, :, i] @ maps[:, :, :, i - 1]
    for sector in range(1, SECTORS):
        entry = maps[:, :, sector - 1, -1]
        maps[:, :, sector] = maps[:, :, sector] @ entry[:, :, np.newaxis]
    return maps


def solve_optics(k1: Floats) -> Optics:
    """Solve the ring for quadrupole strengths of shape (states, quadrupoles)."""
    maps = accumulate(cell_matrices(k1))
    maps = maps.reshape(maps.shape[0], 2, -1, 3, 3)
    turn = maps[:, :, -1]
    cosine = (turn[..., 0, 0] + turn[..., 1, 1]) / 2
    is_stable = np.all(np.abs(cosine) < 1.0, axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        sine = np.sign(turn[..., 0, 1]) * np.sqrt(np.where(is_stable[:, None], 1 - cosine**2, np.nan))
        beta0 = (turn[..., 0, 1] / sine)[..., np.newaxis]
        alpha0 = ((turn[..., 0, 0] - turn[..., 1, 1]) / (2 * sine))[..., np.newaxis]
        m11, m12 = maps[..., 0, 0], maps[..., 0, 1]
        along = m11 * beta0 - m12 * alpha0
        beta = (along**2 + m12**2) / beta0
        phase = _unwrap(np.arctan2(m12, along))
        dispersion, slope = _disperse(maps[:, 0], turn[:, 0])
    return Optics(
        is_stable=is_stable,
        beta_m=beta,
        phase=phase,
        dispersion_m=np.where(is_stable[:, None], dispersion, np.nan),
        tune=phase[..., -1] / (2 * math.pi),
        compaction=np.where(is_stable, _compact(dispersion, slope), np.nan),
    )


def _unwrap(angle: Floats) -> Floats:
    """Add up a phase that is known within a turn; it advances by less than a turn in each element."""
    steps = np.diff(angle, axis=-1, prepend=0.0) % (2 * math.pi)
    # An element of no length advances nothing; rounding must not make that a whole turn.
    return np.cumsum(np.where(steps > 2 * math.pi - 1e-6, 0.0, steps), axis=-1)


def _disperse(maps: Floats, turn: Floats) -> tuple[Floats, Floats]:
    """Give the periodic dispersion and its slope at the exit of every element."""
    block, drive = turn[:, :2, :2], turn[:, :2, 2]
    # (1 - M) eta = d, and det(1 - M) = 2 - trace because M is symplectic.
    determinant = 2 - block[:, 0, 0] - block[:, 1, 1]
    eta = ((1 - block[:, 1, 1]) * drive[:, 0] + block[:, 0, 1] * drive[:, 1]) / determinant
    slope = ((1 - block[:, 0, 0]) * drive[:, 1] + block[:, 1, 0] * drive[:, 0]) / determinant
    start = np.stack([eta, slope, np.ones_like(eta)], axis=-1)
    along = np.einsum("uijk,uk->uij", maps, start)
    return along[..., 0], along[..., 1]


def _compact(dispersion: Floats, slope: Floats) -> Floats:
    """Integrate D/rho over the bends (the path-length row of a sector bend) for the compaction."""
    radius = BEND_LENGTH_M / BEND_ANGLE
    cos, sin = math.cos(BEND_ANGLE), math.sin(BEND_ANGLE)
    before = _BENDS - 1
    lengthening = sin * dispersion[:, before] + radius * (1 - cos) * slope[:, before]
    return np.sum(lengthening + radius * (BEND_ANGLE - sin), axis=1) / CIRCUMFERENCE_M


def orbit_response(optics: Optics, plane: int, monitors: Floats, kicks: Floats) -> Floats:
    """Give the closed orbit at `monitors` per radian of kick at `kicks`, in metres, momentum fixed.

    x_i = theta_j sqrt(beta_i beta_j) cos(|phi_i - phi_j| - pi nu) / (2 sin(pi nu)): Courant and Snyder;
    Sands, section 2.11. The shape is (states, monitors, kicks).
    """
    beta, phase = optics.beta_m[:, plane], optics.phase[:, plane]
    half_turn = (math.pi * optics.tune[:, plane])[:, np.newaxis, np.newaxis]
    root = np.sqrt(beta[:, monitors, np.newaxis] * beta[:, np.newaxis, kicks])
    advance = np.abs(phase[:, monitors, np.newaxis] - phase[:, np.newaxis, kicks])
    return root * np.cos(advance - half_turn) / (2 * np.sin(half_turn))
