"""The ring: it answers like a machine, and it is the same machine in every process and at every time."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from osprey_sim.catalogue import Source
from osprey_sim.lattice import indices_of
from osprey_sim.ring import SEVERITIES, Ring, alarm_of, severities_of

if TYPE_CHECKING:
    from conftest import Clock

MakeRing = Callable[..., Ring]
NOW_NS = 1_790_000_000_000_000_000
"""When the fixture `clock` begins."""
HCM03 = "SR:S02:HCM03:CURRENT:SP"


def values_of(ring: Ring, names: list[str], t_ns: int | None = None) -> np.ndarray:
    numbers = [ring.catalogue.number(name) for name in names]
    assert None not in numbers
    when = ring.history.now_ns() if t_ns is None else t_ns
    return ring.sample([n for n in numbers if n is not None], np.array([when])).values[0]


def orbit_of(ring: Ring, plane: str = "X") -> np.ndarray:
    return values_of(ring, [f"BPM{i:02d}:{plane}" for i in range(1, 49)])


def canonical(ring: Ring, name: str) -> str:
    return ring.catalogue.channels[ring.catalogue.number(name) or 0].record.name


def settle(ring: Ring, clock: Clock, **setpoints: float) -> None:
    ring.change({canonical(ring, f"{device}:SP"): value for device, value in setpoints.items()})
    clock.advance(60)


def response_of(ring: Ring) -> np.ndarray:
    """Give the horizontal orbit in mm at the monitors, per ampere of each corrector."""
    machine = ring.refresh()
    models, _ = machine.orbit_model.models(np.array([[track.target for track in machine.outputs]]))
    return models[0].response[0][:, :24] * 5.0e-5 * 1e3


def test_a_corrector_moves_the_orbit_in_its_plane_by_its_column_of_the_response(
    make_ring: MakeRing, clock: Clock
) -> None:
    ring = make_ring()
    x, y = orbit_of(ring), orbit_of(ring, "Y")
    before = values_of(ring, ["HCM03:SP"])[0]
    settle(ring, clock, HCM03=before + 0.4)
    expected = response_of(ring)[:, 2] * 0.4
    assert orbit_of(ring) - x == pytest.approx(expected, abs=1e-9)
    assert orbit_of(ring, "Y") - y == pytest.approx(np.zeros(48), abs=1e-9)
    assert np.abs(expected).max() > 0.1


def test_a_quadrupole_moves_the_tunes_by_its_beta_function(make_ring: MakeRing, clock: Clock) -> None:
    ring = make_ring()
    names = ["SR:S03:TUNE01:TUNE_X:RB", "SR:S03:TUNE01:TUNE_Y:RB"]
    before = values_of(ring, names)
    settle(ring, clock, QF05=120.0 * 1.001)
    moved = values_of(ring, names) - before
    # First order: dnu = +-beta dk L / (4 pi); Courant and Snyder.
    beta = solve_nominal_beta("QF", 4)
    expected = np.array([1, -1]) * beta * 1.38489003 * 0.001 * 0.4 / (4 * np.pi)
    assert moved == pytest.approx(expected, rel=0.05)


def solve_nominal_beta(family: str, number: int) -> np.ndarray:
    from osprey_sim.lattice import NOMINAL_K1, SECTORS, quadrupole_families
    from osprey_sim.optics import solve_optics

    k1 = np.tile([NOMINAL_K1[name] for name in quadrupole_families()], SECTORS)[np.newaxis]
    return solve_optics(k1).beta_m[0, :, indices_of(family)[number]]


def test_a_quadrupole_moves_the_beam_size_where_it_is_measured(make_ring: MakeRing, clock: Clock) -> None:
    ring = make_ring()
    names = ["SR:S07:SLM01:SIGMA_X:RB", "SR:S07:SLM01:SIGMA_Y:RB"]
    before = values_of(ring, names)
    settle(ring, clock, QD10=105.0)
    assert np.all(np.abs(values_of(ring, names) - before) > 0.01)


def test_the_rf_frequency_moves_the_orbit_where_there_is_dispersion(make_ring: MakeRing, clock: Clock) -> None:
    ring = make_ring()
    before = orbit_of(ring)
    frequency = values_of(ring, ["SR:S12:RF01:FREQUENCY:SP"])[0]
    ring.change({"SR:S12:RF01:FREQUENCY:SP": frequency + 1000.0})
    clock.advance(60)
    moved = (orbit_of(ring) - before).reshape(12, 4)
    # x = -eta / alpha_c df/f, with alpha_c = 0.00244.
    assert moved[:, [1, 2]] == pytest.approx(-0.3246 / 0.0024394 * 1000 / 499654096.7 * 1e3, rel=0.01)
    assert np.abs(moved[:, [0, 3]]).max() < 1e-6


def test_operators_left_a_flat_orbit(make_ring: MakeRing) -> None:
    ring = make_ring()
    assert orbit_of(ring).std() < 0.1
    assert orbit_of(ring, "Y").std() < 0.1


def test_a_fresh_ring_has_no_alarm(make_ring: MakeRing) -> None:
    ring = make_ring(noise=1.0)
    numbers = range(len(ring.catalogue.channels))
    samples = ring.sample(numbers, NOW_NS - 37_000_000_000 * np.arange(200))
    for i, channel in enumerate(ring.catalogue.channels):
        assert not severities_of(channel, samples.values[:, i], samples.is_invalid[:, i]).any(), channel.record.name


def test_a_read_back_follows_the_set_value_and_the_set_value_is_there_at_once(
    make_ring: MakeRing, clock: Clock
) -> None:
    ring = make_ring()
    before = values_of(ring, ["HCM03:RB"])[0]
    ring.change({HCM03: before + 1.0})
    assert values_of(ring, ["HCM03:SP"])[0] == before + 1.0
    assert values_of(ring, ["HCM03:RB"])[0] == pytest.approx(before)
    clock.advance(0.1)
    halfway = values_of(ring, ["HCM03:RB"])[0]
    assert before + 0.4 < halfway < before + 0.9
    clock.advance(5)
    assert values_of(ring, ["HCM03:RB"])[0] == pytest.approx(before + 1.0)


def test_an_orbit_beyond_the_aperture_loses_the_beam_and_injection_brings_it_back(
    make_ring: MakeRing, clock: Clock
) -> None:
    ring = make_ring()
    known = {f"HCM{i:02d}": values_of(ring, [f"HCM{i:02d}:SP"])[0] for i in range(1, 9)}
    signs = np.sign(response_of(ring)[0, :8])
    settle(ring, clock, **{name: 5.0 * sign for name, sign in zip(known, signs, strict=True)})
    numbers = [ring.catalogue.number(name) or 0 for name in ("DCCT", "BPM01:X", "SR:S03:TUNE01:TUNE_X:RB")]
    lost = ring.sample(numbers, np.array([ring.history.now_ns()]))
    assert lost.values[0].tolist() == pytest.approx([0.0, 0.0, 0.0], abs=1e-6)
    assert lost.is_invalid[0].tolist() == [False, True, True]
    settle(ring, clock, **known)
    clock.advance(120)
    assert values_of(ring, ["DCCT"])[0] > 490


ALL_QD_DOWN = {f"SR:S{(i + 1) // 2:02d}:QD{i:02d}:CURRENT:SP": 88.0 for i in range(1, 25)}


@pytest.mark.parametrize("setting", [{"SR:S12:RF01:VOLTAGE:SP": 0.1}, ALL_QD_DOWN])
def test_without_rf_or_focusing_there_is_no_beam(make_ring: MakeRing, clock: Clock, setting: dict[str, float]) -> None:
    ring = make_ring()
    ring.change(setting)
    clock.advance(10)
    assert values_of(ring, ["DCCT"])[0] < 1


def test_without_top_up_the_current_decays(make_ring: MakeRing, clock: Clock) -> None:
    ring = make_ring()
    ring.change({"SR:S01:INJ01:TOPUP:SP": 0.0})
    before = values_of(ring, ["DCCT"])[0]
    clock.advance(3600)
    assert values_of(ring, ["DCCT"])[0] == pytest.approx(before * np.exp(-0.1), rel=1e-6)


def test_the_pressure_goes_with_the_current(make_ring: MakeRing, clock: Clock) -> None:
    ring = make_ring()
    gauge = ["SR:S04:VG07:PRESSURE:RB"]
    with_beam = values_of(ring, gauge)[0]
    ring.change({"SR:S12:RF01:VOLTAGE:SP": 0.0})
    clock.advance(10)
    assert values_of(ring, gauge)[0] < 0.5 * with_beam


def test_sextupoles_move_the_chromaticity_and_its_nominal_value_is_one(make_ring: MakeRing, clock: Clock) -> None:
    ring = make_ring()
    names = ["SR:S03:TUNE01:CHROM_X:RB", "SR:S03:TUNE01:CHROM_Y:RB"]
    assert values_of(ring, names) == pytest.approx([1.0, 1.0], abs=0.01)
    settle(ring, clock, SF=95.0)
    assert values_of(ring, names)[0] > 1.1


def test_the_past_does_not_change_when_something_is_set_now(make_ring: MakeRing, clock: Clock) -> None:
    ring = make_ring(noise=1.0)
    numbers = range(len(ring.catalogue.channels))
    times = NOW_NS - 1_000_000_000 * np.arange(1, 20)
    before = ring.sample(numbers, times).values
    settle(ring, clock, HCM03=0.5, QF05=121.0)
    assert np.array_equal(ring.sample(numbers, times).values, before)


def test_a_reading_depends_on_time_alone_and_not_on_what_else_is_asked(make_ring: MakeRing, clock: Clock) -> None:
    ring = make_ring(noise=1.0)
    settle(ring, clock, HCM03=0.5, QF05=121.0)
    numbers = list(range(len(ring.catalogue.channels)))
    times = NOW_NS + 50_000_000 * np.arange(-40, 100)
    table = ring.sample(numbers, times).values
    for row in (0, 41, 77):
        for column in (0, 60, 300, 500, 590):
            alone = ring.sample([numbers[column]], times[row : row + 1]).values[0, 0]
            assert alone == pytest.approx(table[row, column], rel=1e-10, abs=1e-15)


def test_another_process_sees_the_same_machine(make_ring: MakeRing, clock: Clock, tmp_path: Path) -> None:
    ring = make_ring(noise=1.0)
    settle(ring, clock, HCM03=0.5, QF05=121.0)
    t_ns = ring.history.now_ns()
    code = (
        "import sys, json, numpy as np; from pathlib import Path\n"
        "from osprey_sim.history import History; from osprey_sim.ring import Ring\n"
        "ring = Ring(History(Path(sys.argv[1]))); ring.refresh()\n"
        "numbers = range(len(ring.catalogue.channels))\n"
        "print(json.dumps(ring.sample(numbers, np.array([int(sys.argv[2])])).values[0].tolist()))\n"
    )
    shown = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "ring.jsonl"), str(t_ns)],
        capture_output=True,
        check=True,
        env={"PYTHONHASHSEED": "77"},
    )
    numbers = range(len(ring.catalogue.channels))
    assert json.loads(shown.stdout) == ring.sample(numbers, np.array([t_ns])).values[0].tolist()


def test_a_ring_opened_again_is_where_it_was_left(make_ring: MakeRing, clock: Clock) -> None:
    settle(make_ring(), clock, HCM03=0.5)
    assert values_of(make_ring(), ["HCM03:SP", "HCM03:RB"]) == pytest.approx([0.5, 0.5])


def test_two_open_rings_see_each_other_s_changes(make_ring: MakeRing, clock: Clock) -> None:
    first, second = make_ring(), make_ring()
    settle(first, clock, HCM03=0.5)
    settle(second, clock, HCM04=-0.5)
    for ring in (first, second):
        ring.refresh()
        assert values_of(ring, ["HCM03:SP", "HCM04:SP"]).tolist() == [0.5, -0.5]


def test_a_reset_ring_is_as_its_seed_made_it(make_ring: MakeRing, clock: Clock) -> None:
    ring, other = make_ring(), make_ring()
    before = orbit_of(ring)
    settle(ring, clock, HCM03=0.5)
    other.history.reset()
    ring.refresh()
    assert np.array_equal(orbit_of(ring), before)


def test_another_seed_is_another_machine(make_ring: MakeRing, tmp_path: Path) -> None:
    first = make_ring(seed=1)
    second = make_ring(seed=2)
    assert not np.allclose(orbit_of(first), orbit_of(second))
    assert values_of(first, ["HCM03:SP"]) != values_of(second, ["HCM03:SP"])


def test_noise_can_be_scaled_and_switched_off(make_ring: MakeRing) -> None:
    times = NOW_NS + 100_000_000 * np.arange(500)
    spread = {}
    for noise in (0.0, 1.0, 3.0):
        ring = make_ring(noise=noise)
        spread[noise] = ring.sample([ring.catalogue.number("HCM03:RB") or 0], times).values.std()
    assert spread[0.0] == pytest.approx(0.0, abs=1e-12)
    assert spread[3.0] == pytest.approx(3 * spread[1.0])
    assert spread[1.0] == pytest.approx(5e-5, rel=0.1)


def test_severities_of_many_values_are_those_of_each(make_ring: MakeRing) -> None:
    ring = make_ring()
    for channel in ring.catalogue.channels:
        limits = [limit for b in (channel.warning, channel.alarm) for limit in (b.low, b.high) if limit is not None]
        values = np.array(
            [0.0, 1.0, 2.0, *(limit + d for limit in limits for d in (-1e-3 * abs(limit), 0, 1e-3 * abs(limit)))]
        )
        found = severities_of(channel, values, np.zeros(len(values), dtype=bool))
        alone = [alarm_of(channel, value, is_invalid=False)[0] for value in values.tolist()]
        assert [SEVERITIES[i] for i in found.tolist()] == alone, channel.record.name


def test_every_source_of_readings_has_channels(make_ring: MakeRing) -> None:
    assert {channel.source for channel in make_ring().catalogue.channels} == set(Source)
