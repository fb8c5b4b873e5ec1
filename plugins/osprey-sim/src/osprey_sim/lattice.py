"""The lattice of the ring: twelve double-bend cells, and the transfer matrices of their elements.

Each cell is 14 m long and symmetric about its centre: half a straight section, QF, QD, a bend, QFA in the
middle of the arc, and back. The three nominal strengths were solved for tunes of 9.22 and 4.31 and for no
dispersion in the straights (what a double-bend achromat is for).

Matrices act on (x, x', delta) and (y, y', delta); every quadrupole is cut in two, so that its centre is a
point of the lattice.
"""

from __future__ import annotations

import math
from enum import StrEnum
from typing import Final

import numpy as np
from attrs import frozen

from osprey_sim.noise import Floats

SECTORS: Final = 12
BEND_ANGLE: Final = 2 * math.pi / (2 * SECTORS)
BEND_LENGTH_M: Final = 1.5
SPEED_OF_LIGHT: Final = 299_792_458.0
HARMONIC_NUMBER: Final = 280
ENERGY_EV: Final = 1.9e9


class Kind(StrEnum):
    """What an element does to the beam."""

    DRIFT = "drift"
    QUADRUPOLE = "quadrupole"
    BEND = "bend"
    MARK = "mark"


@frozen(kw_only=True)
class Element:
    """A piece of a cell; a mark has no length and is where a device of `family` sits."""

    kind: Kind
    length_m: float = 0.0
    family: str = ""


NOMINAL_K1: Final = {"QF": 1.38489003, "QD": -2.12244415, "QFA": 2.60220531}
"""Quadrupole strengths in 1/m^2, positive where they focus horizontally."""
QUADRUPOLE_LENGTH_M: Final = {"QF": 0.4, "QD": 0.3, "QFA": 0.4}


def _drift(length_m: float) -> Element:
    return Element(kind=Kind.DRIFT, length_m=length_m)


def _mark(family: str) -> Element:
    return Element(kind=Kind.MARK, family=family)


def _half_quadrupole(family: str) -> Element:
    return Element(kind=Kind.QUADRUPOLE, length_m=QUADRUPOLE_LENGTH_M[family] / 2, family=family)


def _build_cell() -> tuple[Element, ...]:
    qf, qd, qfa = (_half_quadrupole(family) for family in ("QF", "QD", "QFA"))
    bend = Element(kind=Kind.BEND, length_m=BEND_LENGTH_M, family="BEND")
    half = [_drift(1.8), _mark("BPM"), _drift(0.2), _mark("HCM"), _drift(0.2)]
    half += [qf, _mark("QF"), qf, _drift(0.6), qd, _mark("QD"), qd]
    half += [_drift(0.35), _mark("VCM"), _drift(0.35), bend]
    half += [_drift(0.2), _mark("SD"), _drift(0.3), _mark("BPM"), _drift(0.3), _mark("SF"), _drift(0.3)]
    return (*half, qfa, _mark("QFA"), qfa, *reversed(half))


CELL: Final = _build_cell()
CELL_LENGTH_M: Final = sum(element.length_m for element in CELL)
CIRCUMFERENCE_M: Final = SECTORS * CELL_LENGTH_M
RF_FREQUENCY_HZ: Final = HARMONIC_NUMBER * SPEED_OF_LIGHT / CIRCUMFERENCE_M

EXIT_M: Final[Floats] = (
    np.arange(SECTORS)[:, np.newaxis] * CELL_LENGTH_M + np.cumsum([element.length_m for element in CELL])
).ravel()
"""Where each element of the ring ends; elements are numbered around the ring, cell after cell."""

_QUADRUPOLES: Final = [i for i, element in enumerate(CELL) if element.kind is Kind.QUADRUPOLE]
QUADRUPOLES_PER_CELL: Final = len(_QUADRUPOLES) // 2


def indices_of(family: str) -> list[int]:
    """List the elements at which the marks of `family` stand, around the ring."""
    marks = [i for i, element in enumerate(CELL) if element.kind is Kind.MARK and element.family == family]
    return [sector * len(CELL) + mark for sector in range(SECTORS) for mark in marks]


def indices_of_bends() -> list[int]:
    """List the bending magnets around the ring, as elements."""
    bends = [i for i, element in enumerate(CELL) if element.kind is Kind.BEND]
    return [sector * len(CELL) + bend for sector in range(SECTORS) for bend in bends]


def quadrupole_families() -> list[str]:
    """List the families of the quadrupoles of one cell, in the beam's order."""
    return [CELL[i].family for i in _QUADRUPOLES[::2]]


def focusing_blocks(k1: Floats, length_m: Floats) -> Floats:
    """Give the 2x2 matrices of lenses of strength `k1`: focusing if positive, else defocusing."""
    root = np.sqrt(np.asarray(k1, dtype=np.complex128))
    # A strength of zero is a drift; the tiny root keeps sin(w L)/w at its limit L.
    root = np.where(np.abs(root) < 1e-9, 1e-9, root)
    phase = root * length_m
    block = np.empty((*np.shape(k1), 2, 2))
    block[..., 0, 0] = block[..., 1, 1] = np.cos(phase).real
    block[..., 0, 1] = (np.sin(phase) / root).real
    block[..., 1, 0] = (-root * np.sin(phase)).real
    return block


def _fixed_matrices() -> Floats:
    """Give the matrices of all that never changes; a flat ring has no vertical dispersion."""
    fixed = np.broadcast_to(np.eye(3), (2, len(CELL), 3, 3)).copy()
    radius = BEND_LENGTH_M / BEND_ANGLE
    cos, sin = math.cos(BEND_ANGLE), math.sin(BEND_ANGLE)
    for i, element in enumerate(CELL):
        if element.kind in (Kind.DRIFT, Kind.BEND):
            fixed[:, i, 0, 1] = element.length_m
        if element.kind is Kind.BEND:
            fixed[0, i] = [[cos, radius * sin, radius * (1 - cos)], [-sin / radius, cos, sin], [0, 0, 1]]
    return fixed


_FIXED: Final = _fixed_matrices()


def cell_matrices(k1: Floats) -> Floats:
    """Give the matrices of all elements for quadrupole strengths `k1` of shape (states, all quadrupoles).

    The result has the shape (states, planes, sectors, elements of a cell, 3, 3).
    """
    states = k1.shape[0]
    halves = np.repeat(k1.reshape(states, SECTORS, QUADRUPOLES_PER_CELL), 2, axis=-1)
    lengths = np.array([CELL[i].length_m for i in _QUADRUPOLES])
    matrices = np.broadcast_to(_FIXED[:, np.newaxis], (states, 2, SECTORS, len(CELL), 3, 3)).copy()
    matrices[:, 0, :, _QUADRUPOLES, :2, :2] = np.moveaxis(focusing_blocks(halves, lengths), 2, 0)
    matrices[:, 1, :, _QUADRUPOLES, :2, :2] = np.moveaxis(focusing_blocks(-halves, lengths), 2, 0)
    return matrices
