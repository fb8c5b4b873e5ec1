"""The lattice: what every correct transfer matrix and periodic solution has to be."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from osprey_sim.lattice import (
    CELL,
    CIRCUMFERENCE_M,
    HARMONIC_NUMBER,
    NOMINAL_K1,
    RF_FREQUENCY_HZ,
    SECTORS,
    SPEED_OF_LIGHT,
    cell_matrices,
    focusing_blocks,
    indices_of,
    quadrupole_families,
)
from osprey_sim.optics import accumulate, orbit_response, solve_optics

NOMINAL = np.tile([NOMINAL_K1[family] for family in quadrupole_families()], SECTORS)[np.newaxis]


def one_turn(k1: np.ndarray) -> np.ndarray:
    return accumulate(cell_matrices(k1))[:, :, -1, -1]


@given(scale=st.lists(st.floats(0.5, 1.5), min_size=60, max_size=60))
def test_every_matrix_is_symplectic(scale: list[float]) -> None:
    matrices = cell_matrices(NOMINAL * np.array(scale))
    determinants = np.linalg.det(matrices[..., :2, :2])
    assert np.allclose(determinants, 1.0, atol=1e-12)


@given(k1=st.floats(-10, 10), length_m=st.floats(0.01, 1.0))
def test_a_lens_of_any_strength_is_symplectic(k1: float, length_m: float) -> None:
    block = focusing_blocks(np.array([k1]), np.array([length_m]))[0]
    assert np.linalg.det(block) == pytest.approx(1.0, abs=1e-9)


def test_a_lens_without_strength_is_a_drift() -> None:
    block = focusing_blocks(np.array([0.0]), np.array([0.7]))[0]
    assert block == pytest.approx(np.array([[1.0, 0.7], [0.0, 1.0]]), abs=1e-12)


def test_the_fraction_of_the_tune_follows_from_the_trace_of_one_turn() -> None:
    tune = solve_optics(NOMINAL).tune[0]
    for plane in (0, 1):
        block = one_turn(NOMINAL)[0, plane, :2, :2]
        assert math.cos(2 * math.pi * tune[plane]) == pytest.approx(np.trace(block) / 2, abs=1e-9)


def test_the_nominal_tunes_are_those_of_the_design() -> None:
    assert solve_optics(NOMINAL).tune[0] == pytest.approx([9.22, 4.31], abs=1e-6)


def test_the_solution_has_the_periodicity_of_the_lattice() -> None:
    optics = solve_optics(NOMINAL)
    cells = optics.beta_m[0].reshape(2, SECTORS, len(CELL))
    assert np.allclose(cells, cells[:, :1])
    assert np.allclose(optics.dispersion_m[0].reshape(SECTORS, -1), optics.dispersion_m[0][: len(CELL)])


def test_the_phase_never_goes_back() -> None:
    assert np.all(np.diff(solve_optics(NOMINAL).phase[0], axis=-1) >= 0)


def test_the_straights_have_no_dispersion_and_the_arcs_have() -> None:
    optics = solve_optics(NOMINAL)
    monitors = optics.dispersion_m[0, indices_of("BPM")].reshape(SECTORS, 4)
    assert np.allclose(monitors[:, [0, 3]], 0.0, atol=1e-6)
    assert np.all(monitors[:, [1, 2]] > 0.2)


def test_the_dispersion_is_the_closed_orbit_of_another_momentum() -> None:
    turn = one_turn(NOMINAL * 1.001)[0, 0]
    delta = 1e-3
    start = np.linalg.solve(np.eye(2) - turn[:2, :2], turn[:2, 2] * delta)
    maps = accumulate(cell_matrices(NOMINAL * 1.001))[0, 0].reshape(-1, 3, 3)
    orbit = (maps @ np.array([*start, delta]))[:, 0]
    assert solve_optics(NOMINAL * 1.001).dispersion_m[0] * delta == pytest.approx(orbit, abs=1e-12)


@pytest.mark.parametrize("plane", [0, 1])
@pytest.mark.parametrize("kicked", [2, 17])
def test_the_response_matrix_is_what_tracking_with_a_kick_finds(plane: int, kicked: int) -> None:
    rng = np.random.default_rng(3)
    k1 = NOMINAL * (1 + 0.01 * rng.standard_normal(NOMINAL.shape))
    kicks, monitors = np.array(indices_of("HCM")), np.array(indices_of("BPM"))
    maps = accumulate(cell_matrices(k1))[0, plane].reshape(-1, 3, 3)[:, :2, :2]
    turn, to_kick, theta = maps[-1], maps[kicks[kicked]], 1e-4
    # The orbit closes: M x0 + M_after (0, theta) = x0, with M_after = M M_kick^-1.
    after = turn @ np.linalg.inv(to_kick)
    start = np.linalg.solve(np.eye(2) - turn, after @ [0.0, theta])
    tracked: list[float] = []
    for monitor in monitors:
        here = maps[monitor] @ start
        if monitor >= kicks[kicked]:
            here = here + maps[monitor] @ np.linalg.inv(to_kick) @ [0.0, theta]
        tracked.append(here[0])
    response = orbit_response(solve_optics(k1), plane, monitors, kicks)[0, :, kicked]
    assert response * theta == pytest.approx(tracked, rel=1e-8, abs=1e-14)


def test_the_response_between_the_same_places_is_symmetric() -> None:
    places = np.array(indices_of("BPM"))
    response = orbit_response(solve_optics(NOMINAL), 0, places, places)[0]
    assert np.allclose(response, response.T)


def test_the_compaction_is_the_lengthening_of_the_tracked_off_momentum_orbit() -> None:
    optics = solve_optics(NOMINAL)
    # Integrate D / rho by Simpson's rule over finely cut bends, independently of the closed form.
    radius, angle = 1.5 / (2 * math.pi / 24), 2 * math.pi / 24
    bends = [i for i, element in enumerate(CELL) if element.family == "BEND"]
    total = 0.0
    maps = accumulate(cell_matrices(NOMINAL))[0, 0].reshape(-1, 3, 3)
    eta0 = np.linalg.solve(np.eye(2) - maps[-1][:2, :2], maps[-1][:2, 2])
    for bend in bends:
        eta, slope, _ = maps[bend - 1] @ [*eta0, 1.0]
        phi = np.linspace(0, angle, 201)
        inside = eta * np.cos(phi) + slope * radius * np.sin(phi) + radius * (1 - np.cos(phi))
        weights = np.array([1, *[4, 2] * 99, 4, 1])
        total += float((weights * inside).sum() * (angle / 200) / 3)
    assert optics.compaction[0] == pytest.approx(SECTORS * total / CIRCUMFERENCE_M, rel=1e-9)


def test_a_ring_that_cannot_hold_beam_says_so() -> None:
    optics = solve_optics(np.concatenate([NOMINAL, NOMINAL * 2.0]))
    assert optics.is_stable.tolist() == [True, False]
    assert np.isnan(optics.beta_m[1]).all()


def test_many_states_at_once_are_solved_as_each_alone() -> None:
    states = np.concatenate([NOMINAL, NOMINAL * 1.01, NOMINAL * 0.99])
    together = solve_optics(states)
    for i in range(3):
        alone = solve_optics(states[i : i + 1])
        assert np.allclose(together.beta_m[i], alone.beta_m[0], rtol=1e-12)
        assert np.allclose(together.tune[i], alone.tune[0], rtol=1e-12)


def test_the_revolution_time_is_a_whole_number_of_rf_periods() -> None:
    assert pytest.approx(HARMONIC_NUMBER) == RF_FREQUENCY_HZ * CIRCUMFERENCE_M / SPEED_OF_LIGHT
