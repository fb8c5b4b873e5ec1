"""Past values: order, columns, the half-open span, the budget of points, coverage, faults among good ones."""

from __future__ import annotations

import math
from typing import Final

import anyio

from osprey.control import SEVERITIES, Archiver, ArchiveSeries, ArchiveSpan, ErrorKind
from osprey.testing.archiver_conformance.peer import ArchiverPeer

_HANG_S: Final = 60.0
_YEAR_NS: Final = 365 * 86_400 * 10**9


async def _series(
    archiver: Archiver, peer: ArchiverPeer, start_ns: int, end_ns: int, points: int = 2000
) -> ArchiveSeries:
    span = ArchiveSpan(start_ns=start_ns, end_ns=end_ns, max_points=points)
    (series,) = await archiver.fetch([peer.archived], span, timeout_s=peer.deadline_s)
    assert series.channel == peer.archived
    return series


async def _whole(archiver: Archiver, peer: ArchiverPeer, points: int = 100_000) -> ArchiveSeries:
    series = await _series(archiver, peer, *peer.span_ns(), points)
    assert series.fault is None, series.fault
    assert len(series.times_ns) >= 20
    return series


async def test_series_come_in_the_order_asked(archiver: Archiver, peer: ArchiverPeer) -> None:
    start_ns, end_ns = peer.span_ns()
    names = [peer.archived, peer.missing, peer.archived]
    span = ArchiveSpan(start_ns=start_ns, end_ns=end_ns)
    found = await archiver.fetch(names, span, timeout_s=peer.deadline_s)
    assert [series.channel for series in found] == names
    assert list(found[0].values) == list(found[2].values)


async def test_an_empty_batch_has_an_empty_answer(archiver: Archiver, peer: ArchiverPeer) -> None:
    start_ns, end_ns = peer.span_ns()
    span = ArchiveSpan(start_ns=start_ns, end_ns=end_ns)
    assert await archiver.fetch([], span, timeout_s=peer.deadline_s) == []
    assert await archiver.describe([], timeout_s=peer.deadline_s) == []


async def test_a_missing_channel_is_a_fault_among_good_ones(archiver: Archiver, peer: ArchiverPeer) -> None:
    start_ns, end_ns = peer.span_ns()
    span = ArchiveSpan(start_ns=start_ns, end_ns=end_ns)
    good, missing = await archiver.fetch([peer.archived, peer.missing], span, timeout_s=peer.deadline_s)
    assert good.fault is None
    assert len(good.values) > 0
    assert missing.fault is not None
    assert (missing.fault.channel, missing.fault.kind) == (peer.missing, ErrorKind.NOT_FOUND)
    assert len(missing.times_ns) == len(missing.values) == len(missing.severities) == 0


async def test_a_series_has_three_columns_of_equal_length(archiver: Archiver, peer: ArchiverPeer) -> None:
    series = await _whole(archiver, peer)
    assert len(series.times_ns) == len(series.values) == len(series.severities)
    assert {int(severity) for severity in series.severities} <= set(range(len(SEVERITIES)))
    assert series.unit == peer.unit


async def test_times_are_whole_nanoseconds_in_order(archiver: Archiver, peer: ArchiverPeer) -> None:
    times_ns = list((await _whole(archiver, peer)).times_ns)
    assert {int(time_ns) == time_ns and isinstance(time_ns.__index__(), int) for time_ns in times_ns} == {True}
    assert times_ns == sorted(times_ns)
    assert len(set(times_ns)) > 1


async def test_samples_lie_in_the_span(archiver: Archiver, peer: ArchiverPeer) -> None:
    start_ns, end_ns = peer.span_ns()
    series = await _whole(archiver, peer)
    assert all(start_ns <= time_ns < end_ns for time_ns in series.times_ns)
    assert not all(math.isnan(value) for value in series.values)


async def test_the_sample_before_the_span_is_not_one_of_it(archiver: Archiver, peer: ArchiverPeer) -> None:
    whole = await _whole(archiver, peer)
    middle_ns = int(whole.times_ns[len(whole.times_ns) // 2])
    part = await _series(archiver, peer, middle_ns, peer.span_ns()[1], 100_000)
    if part.before is not None:
        assert part.before.time_ns < middle_ns
        assert part.before.severity in range(len(SEVERITIES))
    assert min(part.times_ns) >= middle_ns


async def test_the_span_is_half_open(archiver: Archiver, peer: ArchiverPeer) -> None:
    times_ns = [int(time_ns) for time_ns in (await _whole(archiver, peer)).times_ns]
    first, last = times_ns[len(times_ns) // 4], times_ns[3 * len(times_ns) // 4]
    part = [int(time_ns) for time_ns in (await _series(archiver, peer, first, last, 100_000)).times_ns]
    assert part == [time_ns for time_ns in times_ns if first <= time_ns < last]


async def test_two_halves_are_the_whole(archiver: Archiver, peer: ArchiverPeer) -> None:
    start_ns, end_ns = peer.span_ns()
    whole = await _whole(archiver, peer)
    middle_ns = int(whole.times_ns[len(whole.times_ns) // 2])
    halves = [
        await _series(archiver, peer, start_ns, middle_ns, 100_000),
        await _series(archiver, peer, middle_ns, end_ns, 100_000),
    ]
    assert [time_ns for half in halves for time_ns in half.times_ns] == list(whole.times_ns)
    assert [value for half in halves for value in half.values] == list(whole.values)


async def test_a_budget_of_points_is_kept_and_told(archiver: Archiver, peer: ArchiverPeer) -> None:
    whole = await _whole(archiver, peer)
    assert not whole.is_reduced
    for points in (1, 5, 10):
        reduced = await _series(archiver, peer, *peer.span_ns(), points)
        assert reduced.fault is None, reduced.fault
        assert 0 < len(reduced.values) <= points
        assert reduced.is_reduced
        assert reduced.reduction
        low, high = min(whole.values), max(whole.values)
        assert all(low - 1e-9 <= value <= high + 1e-9 for value in reduced.values)


async def test_a_year_is_no_more_than_its_budget(archiver: Archiver, peer: ArchiverPeer) -> None:
    _, end_ns = peer.span_ns()
    series = await _series(archiver, peer, end_ns - _YEAR_NS, end_ns, 500)
    assert series.fault is None, series.fault
    assert len(series.values) <= 500


async def test_what_the_archive_does_not_have_is_named(archiver: Archiver, peer: ArchiverPeer) -> None:
    start_ns, end_ns = peer.span_ns()
    early = await _series(archiver, peer, start_ns - 40 * _YEAR_NS, end_ns, 100)
    assert early.coverage
    nothing = await _series(archiver, peer, start_ns - 40 * _YEAR_NS, start_ns - 39 * _YEAR_NS)
    assert len(nothing.values) == 0
    assert nothing.coverage or nothing.fault is not None


async def test_a_span_that_ends_before_it_starts_is_a_fault(archiver: Archiver, peer: ArchiverPeer) -> None:
    start_ns, end_ns = peer.span_ns()
    series = await _series(archiver, peer, end_ns, start_ns)
    assert series.fault is not None
    assert series.fault.kind is ErrorKind.BAD_VALUE


async def test_a_budget_of_no_points_is_a_fault(archiver: Archiver, peer: ArchiverPeer) -> None:
    series = await _series(archiver, peer, *peer.span_ns(), 0)
    assert series.fault is not None
    assert series.fault.kind is ErrorKind.BAD_VALUE


async def test_a_strange_name_is_a_fault_and_no_crash(archiver: Archiver, peer: ArchiverPeer) -> None:
    names = ["", " ", "a b", "a\nb", "ключ:µ", "x" * 10_000, "a&pv=b", "'; DROP TABLE x; --", "*", "%"]
    start_ns, end_ns = peer.span_ns()
    span = ArchiveSpan(start_ns=start_ns, end_ns=end_ns)
    *strange, good = await archiver.fetch([*names, peer.archived], span, timeout_s=peer.deadline_s)
    assert [series.channel for series in strange] == names
    assert all(series.fault is not None for series in strange)
    assert good.fault is None, good.fault


async def test_a_deadline_that_has_passed_is_no_hang(archiver: Archiver, peer: ArchiverPeer) -> None:
    start_ns, end_ns = peer.span_ns()
    span = ArchiveSpan(start_ns=start_ns, end_ns=end_ns)
    with anyio.fail_after(_HANG_S):
        (series,) = await archiver.fetch([peer.archived], span, timeout_s=0.0)
    assert series.fault is None or series.fault.kind is ErrorKind.TIMEOUT
    await _whole(archiver, peer)


async def test_a_cancelled_fetch_leaves_it_usable(archiver: Archiver, peer: ArchiverPeer) -> None:
    start_ns, end_ns = peer.span_ns()
    span = ArchiveSpan(start_ns=start_ns, end_ns=end_ns)
    for delay_s in (0.0, 0.001, 0.01):
        with anyio.move_on_after(delay_s):
            await archiver.fetch([peer.archived] * 5, span, timeout_s=peer.deadline_s)
    await _whole(archiver, peer)


async def test_fetches_run_side_by_side(archiver: Archiver, peer: ArchiverPeer) -> None:
    whole = await _whole(archiver, peer)

    async def fetch() -> None:
        assert list((await _whole(archiver, peer)).values) == list(whole.values)

    async with anyio.create_task_group() as group:
        for _ in range(10):
            group.start_soon(fetch)
