"""The `sim` archiver: the same values as were live, within a budget of points, for 24 hours."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from osprey.api import (
    SEVERITIES,
    ArchiveInfo,
    ArchiveSeries,
    ArchiveSpan,
    ConnectContext,
    ErrorKind,
    Fault,
    Severity,
    control,
)
from osprey_sim.archiver import KEPT_NS, Bins, SimArchiver
from osprey_sim.connector import SimConnector
from osprey_sim.history import History
from osprey_sim.ring import Ring
from osprey_sim.settings import SimSettings

if TYPE_CHECKING:
    from conftest import Clock

S = 1_000_000_000
HCM03 = "SR:S02:HCM03:CURRENT:SP"


def open_both(path: Path, clock: Clock, **details: Any) -> tuple[SimConnector, SimArchiver, Ring]:
    live = Ring(History(path, clock=clock), **details)
    past = Ring(History(path, clock=clock), **details)
    return SimConnector(live, clock=clock), SimArchiver(past), live


async def fetch(
    archiver: SimArchiver, names: list[str], start: int, end: int, points: int = 2000
) -> list[ArchiveSeries]:
    span = ArchiveSpan(start_ns=start, end_ns=end, max_points=points)
    return await archiver.fetch(names, span, timeout_s=5)


@pytest.mark.anyio
async def test_the_archive_holds_what_was_read_live(tmp_path: Path, clock: Clock) -> None:
    connector, archiver, ring = open_both(tmp_path / "r.jsonl", clock)
    names = ["DCCT", "BPM05:X", HCM03, "HCM03:RB", "SR:S02:HCM03:STATE:RB", "SR:S04:VG07:PRESSURE:RB"]
    live: list[list[Any]] = []
    begin = clock.now_ns
    for second in range(6):
        if second == 2:
            ring.change({HCM03: 1.5})
        live.append([r.value for r in await connector.read(names, timeout_s=5)])  # type: ignore[union-attr]
        clock.advance(1)
    series = await fetch(archiver, names, begin, begin + 6 * S)
    for column, one in enumerate(series):
        assert list(one.times_ns) == [begin + i * S for i in range(6)]
        assert list(one.values) == pytest.approx([row[column] for row in live], rel=1e-9), one.channel
        assert not one.is_reduced
        assert one.coverage == ""


@pytest.mark.anyio
async def test_the_span_is_half_open(tmp_path: Path, clock: Clock) -> None:
    _, archiver, _ = open_both(tmp_path / "r.jsonl", clock)
    begin = clock.now_ns - 100 * S
    (series,) = await fetch(archiver, ["DCCT"], begin, begin + 10 * S)
    assert series.times_ns[0] == begin
    assert series.times_ns[-1] == begin + 9 * S


@pytest.mark.anyio
async def test_a_long_span_is_reduced_to_means_within_the_budget(tmp_path: Path, clock: Clock) -> None:
    _, archiver, _ = open_both(tmp_path / "r.jsonl", clock)
    end = clock.now_ns
    (full,) = await fetch(archiver, ["BPM05:X"], end - 600 * S, end, 600)
    (reduced,) = await fetch(archiver, ["BPM05:X"], end - 600 * S, end, 60)
    assert len(reduced.values) == 60
    assert reduced.is_reduced
    assert reduced.reduction == "mean of 10 s"
    assert (full.is_reduced, full.reduction) == (False, "")
    means = np.array(full.values).reshape(60, 10).mean(axis=1)
    assert list(reduced.values) == pytest.approx(means.tolist(), rel=1e-9)


@pytest.mark.anyio
async def test_what_goes_in_steps_is_thinned_and_not_averaged(tmp_path: Path, clock: Clock) -> None:
    _, archiver, ring = open_both(tmp_path / "r.jsonl", clock)
    begin = clock.now_ns
    ring.change({HCM03: 1.0})
    clock.advance(33)
    ring.change({HCM03: 2.0})
    clock.advance(67)
    (series,) = await fetch(archiver, [HCM03], begin, begin + 100 * S, 10)
    assert set(series.values) == {1.0, 2.0}


@pytest.mark.anyio
async def test_a_bin_has_the_worst_severity_of_its_samples(tmp_path: Path, clock: Clock) -> None:
    _, archiver, ring = open_both(tmp_path / "r.jsonl", clock)
    begin = clock.now_ns
    clock.advance(10)
    ring.change({"SR:S12:RF01:VOLTAGE:SP": 0.0})
    clock.advance(5)
    ring.change({"SR:S12:RF01:VOLTAGE:SP": 1.6})
    clock.advance(3000)
    current, position = await fetch(archiver, ["DCCT", "BPM05:X"], begin, begin + 2000 * S, 125)
    assert SEVERITIES.index(Severity.MAJOR) in current.severities[:3]
    assert SEVERITIES.index(Severity.INVALID) in position.severities[:3]
    assert set(position.severities[10:]) == {SEVERITIES.index(Severity.OK)}


@pytest.mark.anyio
async def test_what_is_older_than_a_day_is_named_as_missing(tmp_path: Path, clock: Clock) -> None:
    _, archiver, _ = open_both(tmp_path / "r.jsonl", clock)
    now = clock.now_ns
    (partly,) = await fetch(archiver, ["DCCT"], now - 30 * 3600 * S, now, 100)
    (wholly,) = await fetch(archiver, ["DCCT"], now - 50 * 3600 * S, now - 40 * 3600 * S, 100)
    assert partly.coverage == "no samples before 2026-09-20 14:13:20 UTC"
    assert partly.times_ns[0] >= now - KEPT_NS
    assert len(wholly.values) == 0
    assert wholly.coverage == "no samples in this span"
    assert wholly.fault is None


@pytest.mark.anyio
async def test_the_future_is_named_as_missing(tmp_path: Path, clock: Clock) -> None:
    _, archiver, _ = open_both(tmp_path / "r.jsonl", clock)
    (series,) = await fetch(archiver, ["DCCT"], clock.now_ns - 10 * S, clock.now_ns + 3600 * S)
    assert series.times_ns[-1] <= clock.now_ns
    assert series.coverage == "nothing after 2026-09-21 14:13:20 UTC yet"


@pytest.mark.anyio
async def test_an_unknown_channel_has_its_fault_among_good_ones(tmp_path: Path, clock: Clock) -> None:
    _, archiver, _ = open_both(tmp_path / "r.jsonl", clock)
    names = ["DCCT", "SR:NO:SUCH", f"{HCM03}.DESC", f"{HCM03}.VAL"]
    found = await fetch(archiver, names, clock.now_ns - 10 * S, clock.now_ns)
    assert [series.channel for series in found] == names
    kinds = [series.fault.kind if series.fault else None for series in found]
    assert kinds == [None, ErrorKind.NOT_FOUND, ErrorKind.UNSUPPORTED, None]


@pytest.mark.anyio
async def test_a_span_that_ends_before_it_starts_is_a_fault(tmp_path: Path, clock: Clock) -> None:
    _, archiver, _ = open_both(tmp_path / "r.jsonl", clock)
    (series,) = await fetch(archiver, ["DCCT"], clock.now_ns, clock.now_ns - S)
    assert series.fault is not None
    assert series.fault.kind is ErrorKind.BAD_VALUE


@pytest.mark.anyio
async def test_the_settings_open_the_past_of_another_ring_s_file(tmp_path: Path) -> None:
    path = tmp_path / "served.jsonl"
    change = History(path, seed=9).append({HCM03: 2.5})
    context = ConnectContext(target="epics", settings=SimSettings(state=path), state_dir=tmp_path / "other")
    archiver = await SimArchiver.connect(context)
    assert isinstance(archiver, control.Archiver)
    (series,) = await fetch(archiver, [HCM03], change.t_ns - 10 * S, change.t_ns + S)
    assert 2.5 not in list(series.values)[:9]
    (again,) = await fetch(archiver, [HCM03], change.t_ns, change.t_ns + 2 * S)
    assert set(again.values) <= {2.5}
    await archiver.aclose()


@pytest.mark.anyio
async def test_columns_are_arrays_of_exact_types(tmp_path: Path, clock: Clock) -> None:
    _, archiver, _ = open_both(tmp_path / "r.jsonl", clock)
    (series,) = await fetch(archiver, ["DCCT"], clock.now_ns - 10 * S, clock.now_ns)
    columns = (series.times_ns, series.values, series.severities)
    assert [getattr(column, "dtype", None) for column in columns] == [np.int64, np.float64, np.int8]


@pytest.mark.anyio
async def test_the_archive_says_what_it_has_of_a_channel(tmp_path: Path, clock: Clock) -> None:
    _, archiver, _ = open_both(tmp_path / "r.jsonl", clock)
    info, missing = await archiver.describe(["DCCT", "SR:NO:SUCH"], timeout_s=5)
    assert isinstance(info, ArchiveInfo)
    assert isinstance(missing, Fault)
    assert (info.channel, info.is_archived, info.period_s, info.unit) == ("DCCT", True, 1.0, "mA")
    (series,) = await fetch(archiver, ["DCCT"], clock.now_ns - 2 * KEPT_NS, clock.now_ns + S, 100_000)
    assert (info.first_ns, info.last_ns) == (series.times_ns[0], series.times_ns[-1])
    assert missing.kind is ErrorKind.NOT_FOUND


@pytest.mark.anyio
async def test_the_archive_lists_its_channels_by_a_glob(tmp_path: Path, clock: Clock) -> None:
    _, archiver, _ = open_both(tmp_path / "r.jsonl", clock)
    assert HCM03 in await archiver.search("SR:S02:*", limit=1000, timeout_s=5)
    assert len(await archiver.search("", limit=7, timeout_s=5)) == 7
    assert await archiver.search("NO:*", limit=7, timeout_s=5) == []


@given(
    start=st.integers(-2 * KEPT_NS, KEPT_NS),
    length=st.integers(1, 2 * KEPT_NS),
    points=st.integers(1, 5000),
)
def test_any_span_fits_its_budget_and_stays_within_the_archive(start: int, length: int, points: int) -> None:
    now_ns = 1_790_000_000_123_456_789
    span = ArchiveSpan(start_ns=now_ns + start, end_ns=now_ns + start + length, max_points=points)
    bins = Bins.of(span, now_ns)
    times = bins.sample_times_ns()
    for is_stepped in (False, True):
        stamps = bins.stamps_ns(is_stepped=is_stepped)
        assert len(stamps) <= points
        assert np.all(np.diff(stamps) > 0)
    if bins.count:
        assert span.start_ns <= times.min()
        assert times.max() < span.end_ns
        assert times.max() <= now_ns
        assert times.min() >= now_ns - KEPT_NS
        assert len(times) <= 16 * points
