"""Faults: each can be seen where an operator would look, and ends when it is switched off."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pytest

from osprey.api import ConnectorError, Severity, UsageError
from osprey_sim.faults import DRIFT_LIMIT_MM, FaultKind, check_fault, devices_for
from osprey_sim.ring import Ring, alarm_of

if TYPE_CHECKING:
    from conftest import Clock

MakeRing = Callable[..., Ring]
HCM03 = "SR:S02:HCM03:CURRENT:SP"


def value_of(ring: Ring, name: str) -> float:
    number = ring.catalogue.number(name)
    assert number is not None
    return float(ring.sample([number], np.array([ring.history.now_ns()])).values[0, 0])


def orbit_of(ring: Ring) -> np.ndarray:
    return np.array([value_of(ring, f"BPM{i:02d}:X") for i in range(1, 49)])


def switch(ring: Ring, kind: str, device: str, *, is_on: bool = True) -> None:
    ring.history.append(fault=kind, device=device, is_on=is_on)
    ring.refresh()


def test_a_stuck_corrector_does_not_follow_and_the_orbit_does_not_move(make_ring: MakeRing, clock: Clock) -> None:
    ring = make_ring()
    stuck_at, orbit = value_of(ring, "HCM03:RB"), orbit_of(ring)
    switch(ring, "stuck", "HCM03")
    ring.change({HCM03: 2.0})
    clock.advance(60)
    assert value_of(ring, "HCM03:SP") == 2.0
    assert value_of(ring, "HCM03:RB") == pytest.approx(stuck_at)
    assert orbit_of(ring) == pytest.approx(orbit)
    switch(ring, "stuck", "HCM03", is_on=False)
    clock.advance(60)
    assert value_of(ring, "HCM03:RB") == pytest.approx(2.0)


def test_a_tripped_supply_falls_to_zero_and_says_so(make_ring: MakeRing, clock: Clock) -> None:
    ring = make_ring()
    ring.change({HCM03: 1.0})
    clock.advance(60)
    orbit = orbit_of(ring)
    switch(ring, "trip", "HCM03")
    clock.advance(60)
    assert value_of(ring, "HCM03:RB") == 0.0
    assert value_of(ring, "HCM03:SP") == 1.0
    state = value_of(ring, "SR:S02:HCM03:STATE:RB")
    channel = ring.catalogue.channels[ring.catalogue.number("SR:S02:HCM03:STATE:RB") or 0]
    assert channel.labels[int(state)] == "FAULT"
    assert alarm_of(channel, state, is_invalid=False) == (Severity.MAJOR, "STATE")
    assert not np.allclose(orbit_of(ring), orbit)
    ring.change({HCM03: 1.5})
    switch(ring, "trip", "HCM03", is_on=False)
    clock.advance(60)
    assert value_of(ring, "HCM03:RB") == pytest.approx(1.5)
    assert value_of(ring, "SR:S02:HCM03:STATE:RB") == 1.0


def test_a_tripped_cavity_loses_the_beam_and_keeps_its_frequency(make_ring: MakeRing, clock: Clock) -> None:
    ring = make_ring()
    frequency = value_of(ring, "SR:S12:RF01:FREQUENCY:RB")
    switch(ring, "trip", "RF01")
    clock.advance(60)
    assert value_of(ring, "DCCT") < 1
    assert value_of(ring, "SR:S12:RF01:VOLTAGE:RB") == 0.0
    assert value_of(ring, "SR:S12:RF01:FREQUENCY:RB") == frequency


def test_a_drifting_monitor_wanders_alone_and_comes_back(make_ring: MakeRing, clock: Clock) -> None:
    ring = make_ring()
    before = orbit_of(ring)
    switch(ring, "drift", "BPM07")
    clock.advance(60)
    early = orbit_of(ring) - before
    assert early[6] == pytest.approx(0.19, abs=0.02)
    assert np.delete(early, 6) == pytest.approx(np.zeros(47), abs=1e-9)
    clock.advance(36000)
    assert (orbit_of(ring) - before)[6] == pytest.approx(DRIFT_LIMIT_MM)
    switch(ring, "drift", "BPM07", is_on=False)
    assert orbit_of(ring) == pytest.approx(before)


def test_a_leak_raises_the_pressure_there_and_less_beside_it_and_is_pumped_down(
    make_ring: MakeRing, clock: Clock
) -> None:
    ring = make_ring()
    names = ["SR:S04:VG08:PRESSURE:RB", "SR:S04:VG09:PRESSURE:RB", "SR:S05:VG11:PRESSURE:RB"]
    before = [value_of(ring, name) for name in names]
    pump = value_of(ring, "SR:S04:IP10:CURRENT:RB")
    switch(ring, "leak", "VG08")
    clock.advance(300)
    here, beside, elsewhere = (value_of(ring, name) - old for name, old in zip(names, before, strict=True))
    assert here == pytest.approx(8e-8, rel=0.01)
    assert beside == pytest.approx(0.2 * here, rel=0.01)
    assert abs(elsewhere) < 1e-10
    assert value_of(ring, "SR:S04:IP10:CURRENT:RB") > 5 * pump
    channel = ring.catalogue.channels[ring.catalogue.number(names[0]) or 0]
    assert alarm_of(channel, value_of(ring, names[0]), is_invalid=False) == (Severity.MAJOR, "HIHI")
    switch(ring, "leak", "VG08", is_on=False)
    clock.advance(3600)
    assert value_of(ring, names[0]) == pytest.approx(before[0], rel=0.05)


def test_two_leaks_in_a_sector_add_up_and_end_one_by_one(make_ring: MakeRing, clock: Clock) -> None:
    ring = make_ring()
    before = value_of(ring, "SR:S04:VG08:PRESSURE:RB")
    switch(ring, "leak", "VG08")
    switch(ring, "leak", "VG09")
    clock.advance(3600)
    assert value_of(ring, "SR:S04:VG08:PRESSURE:RB") - before == pytest.approx(9.6e-8, rel=0.01)
    switch(ring, "leak", "VG08", is_on=False)
    clock.advance(7200)
    assert value_of(ring, "SR:S04:VG08:PRESSURE:RB") - before == pytest.approx(1.6e-8, rel=0.02)


def test_the_faults_that_are_on_are_known_with_their_time(make_ring: MakeRing, clock: Clock) -> None:
    ring = make_ring()
    since = clock.now_ns
    switch(ring, "stuck", "HCM03")
    clock.advance(10)
    switch(ring, "stuck", "HCM03")
    assert make_ring().refresh().faults == {(FaultKind.STUCK, "HCM03"): since}
    switch(ring, "stuck", "HCM03", is_on=False)
    assert make_ring().refresh().faults == {}


@pytest.mark.parametrize(
    ("kind", "device", "says"),
    [
        ("melt", "HCM03", "use one of stuck, trip, drift, leak"),
        ("leak", "HCM03", "use one of VG01 to VG26"),
        ("drift", "BPM99", "use one of BPM01 to BPM48"),
        ("trip", "INJ01", "cannot have the fault 'trip'"),
    ],
)
def test_a_fault_that_cannot_be_is_refused_with_those_that_can(kind: str, device: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        check_fault(kind, device)


def test_letter_case_does_not_matter() -> None:
    assert check_fault("Stuck", "hcm03") == (FaultKind.STUCK, "HCM03")


def test_every_fault_has_devices_that_can_have_it() -> None:
    assert all(devices_for(kind) for kind in FaultKind)


def test_a_history_with_a_fault_or_a_channel_of_another_version_is_refused(make_ring: MakeRing) -> None:
    ring = make_ring()
    ring.history.append(fault="melt", device="HCM03", is_on=True)
    with pytest.raises(ConnectorError, match="cannot have"):
        ring.refresh()
    ring.history.reset()
    ring.history.append({"SR:S01:DCCT01:CURRENT:RB": 1.0})
    with pytest.raises(ConnectorError, match="no setpoint"):
        ring.refresh()
