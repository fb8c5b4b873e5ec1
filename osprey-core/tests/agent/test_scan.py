"""Scans: one list, one approval; an abort at the first bad point; and what was measured until then."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osprey.agent.capabilities.scan_points import MOST_POINTS, plan_scan
from osprey.agent.state import TurnStatus
from osprey.base.contexts import Artifacts, ScanAxisData, ScanData, read_context
from osprey.control import targets_of
from osprey.errors import UsageError
from osprey.journal import journal_of

pytestmark = pytest.mark.anyio

BEND, QUAD, BEAM = "BEND:CURRENT:SP", "QUAD:CURRENT:SP", "DCCT:CURRENT"


def _axis(channel: str = BEND, start: float = 0.0, stop: float = 2.0, steps: int = 3, **more: Any) -> dict[str, Any]:
    return {"channel": channel, "start": start, "stop": stop, "steps": steps, **more}


async def _values(bench: Any, *channels: str) -> list[Any]:
    target = await targets_of(bench.project).get()
    return [one.value for one in await target.connector.read(list(channels), timeout_s=5)]


async def test_a_grid_of_two_axes_is_one_request_and_leaves_data_and_a_figure(bench) -> None:
    before = await _values(bench, BEND, QUAD)
    axes = [_axis(), _axis(QUAD, 1.0, 2.0, 2)]
    asked = await bench.run(bench.step("grid", "scan", axes=axes, snake=True, observe={"channels": [BEAM]}))
    assert asked.status is TurnStatus.WAITING, asked.answer
    assert len(await journal_of(bench.project).requests.list()) == 1
    done = await bench.approve(asked)
    assert done.status is TurnStatus.DONE, done.answer
    assert "6 of 6 points were reached and measured. The old values are back." in done.answer
    assert await _values(bench, BEND, QUAD) == pytest.approx(before, abs=0.01)
    kept = done.contexts["grid"]
    data = read_context(Artifacts(bench.project.state_dir).load(kept))
    assert isinstance(data, ScanData)
    assert [axis.values for axis in data.axes] == [(0, 0, 1, 1, 2, 2), (1, 2, 2, 1, 1, 2)]
    assert [axis.unit for axis in data.axes] == ["A", "A"]
    assert len(data.measured[BEAM]) == 6
    assert data.provenance is not None
    assert data.provenance.request_id == asked.approval
    assert kept["artifact"]["path"].startswith(data.provenance.run)
    [figure] = [path for path in done.artifacts if path.endswith("figures/scan.png")]
    with open(figure, "rb") as file:  # noqa: PTH123
        assert file.read(8) == b"\x89PNG\r\n\x1a\n"


async def test_travel_and_time_are_said_before_the_decision(bench) -> None:
    [before] = await _values(bench, BEND)
    asked = await bench.run(bench.step("line", "scan", axes=[_axis(unit="A")], observe={"settle_s": 0.25}))
    row = await journal_of(bench.project).requests.get(str(asked.approval))
    told = " ".join(row.presentation["assumptions"])
    travel = abs(0 - before) + 2 + abs(2 - before)
    assert f"3 points; in all {BEND} moves {travel:.6g} A; back to the present values at the end" in told
    assert "it takes at least 1 s of settling" in told
    assert any("3 points" in warning for warning in asked.warnings)


async def test_without_a_way_back_the_last_values_stay(bench) -> None:
    asked = await bench.run(bench.step("line", "scan", axes=[_axis()], restore=False))
    done = await bench.approve(asked)
    assert done.status is TurnStatus.DONE
    assert await _values(bench, BEND) == [2.0]


async def test_a_list_goes_from_point_to_point(bench) -> None:
    axes = [{"channel": BEND, "values": [0, 1, 0.5]}, {"channel": QUAD, "values": [1, 1, 2]}]
    done = await bench.approve(
        await bench.run(bench.step("list", "scan", axes=axes, form="list", restore=False, observe={"channels": [BEAM]}))
    )
    data = read_context(Artifacts(bench.project.state_dir).load(done.contexts["list"]))
    assert isinstance(data, ScanData)
    assert [axis.values for axis in data.axes] == [(0, 1, 0.5), (1, 1, 2)]
    assert not data.is_restored


async def test_a_relative_axis_counts_from_what_is_set_and_is_approved_in_absolute_values(bench) -> None:
    [before] = await _values(bench, BEND)
    axis = _axis(start=-0.1, stop=0.1, relative=True)
    asked = await bench.run(bench.step("around", "scan", axes=[axis], observe={"channels": [BEAM]}))
    row = await journal_of(bench.project).requests.get(str(asked.approval))
    assert f"in all {BEND} moves 0.4" in " ".join(row.presentation["assumptions"])
    done = await bench.approve(asked)
    assert done.status is TurnStatus.DONE, done.answer
    data = read_context(Artifacts(bench.project.state_dir).load(done.contexts["around"]))
    assert isinstance(data, ScanData)
    assert data.axes[0].values == pytest.approx((before - 0.1, before, before + 0.1))


async def test_a_point_beyond_the_limits_refuses_all_of_it(bench) -> None:
    refused = await bench.run(bench.step("grid", "scan", axes=[_axis(QUAD, 0.0, 99.0, 3)]))
    assert refused.status is TurnStatus.REFUSED
    assert "limits.max" in refused.answer
    assert await journal_of(bench.project).ledger.doubts() == []


async def test_it_stops_at_the_first_bad_point_keeps_what_it_has_and_offers_the_way_back(bench, monkeypatch) -> None:
    asked = await bench.run(bench.step("line", "scan", axes=[_axis(steps=5)], observe={"channels": [BEAM]}))
    target = await targets_of(bench.project).get()
    put, count = target.connector.write, 0

    async def third_fails(puts: Any, **kwargs: Any) -> Any:
        nonlocal count
        count += 1
        if count == 3:
            from attrs import evolve

            puts = [evolve(one, value=one.value + 5) for one in puts]  # the device goes elsewhere
        return await put(puts, **kwargs)

    monkeypatch.setattr(target.connector, "write", third_fails)
    ended = await bench.approve(asked)
    assert ended.status is TurnStatus.FAILED
    assert "2 of 5 points were reached and measured. The scan was aborted" in ended.answer
    assert f"osprey ledger restore {asked.approval}" in ended.answer
    assert count == 3, "nothing was sent after the bad point"
    assert len(await journal_of(bench.project).requests.list()) == 1, "the rest is not asked for by itself"
    kept = ended.contexts["line"]
    data = read_context(Artifacts(bench.project.state_dir).load(kept))
    assert isinstance(data, ScanData)
    assert data.axes == (ScanAxisData(channel=BEND, unit="A", values=(0.0, 0.5)),)
    assert len(data.measured[BEAM]) == 2


@pytest.mark.parametrize(
    ("parameters", "told"),
    [
        ({}, "1 to 3 'axes'"),
        ({"axes": []}, "1 to 3 'axes'"),
        ({"axes": [_axis(str(n)) for n in range(4)]}, "1 to 3 'axes'"),
        ({"axes": [_axis(), _axis()]}, "names one twice"),
        ({"axes": ["BEND"]}, "an axis is"),
        ({"axes": [{"channel": "", "values": [1, 2]}]}, "an axis is"),
        ({"axes": [_axis(speed=1)]}, "an axis is"),
        ({"axes": [_axis(steps=0)]}, "from 1 to"),
        ({"axes": [_axis(steps=True)]}, "from 1 to"),
        ({"axes": [_axis(start=float("nan"))]}, "no finite number"),
        ({"axes": [_axis(stop=float("inf"))]}, "no finite number"),
        ({"axes": [{"channel": "A", "start": 0, "steps": 2}]}, "None is no finite number"),
        ({"axes": [{"channel": "A", "values": ["1"]}]}, "no finite number"),
        ({"axes": [{"channel": "A", "values": 3}]}, "list of numbers"),
        ({"axes": [{"channel": "A", "values": []}]}, "2 to 1000 points, not 0"),
        ({"axes": [_axis(steps=1)]}, "2 to 1000 points, not 1"),
        ({"axes": [_axis(steps=100), _axis(QUAD, steps=11)]}, "not 1100"),
        ({"axes": [_axis()], "form": "spiral"}, "'grid' or 'list'"),
        ({"axes": [_axis()], "snake": "yes"}, "true or false"),
        ({"axes": [_axis(), _axis(QUAD, steps=4)], "form": "list"}, "as many values each"),
    ],
)
def test_what_is_no_scan_is_said(parameters: dict[str, Any], told: str) -> None:
    with pytest.raises(UsageError, match=told):
        plan_scan(parameters)


@pytest.mark.parametrize(
    ("parameters", "told"),
    [
        ({"restore": "no"}, "'restore' of a scan is true or false"),
        ({"observe": "all"}, "'observe' of a scan is"),
        ({"observe": {"channels": [BEAM], "settle_s": -1}}, "'observe' of a scan is"),
        ({"observe": {"channels": [BEAM], "settle_s": float("nan")}}, "'observe' of a scan is"),
        ({"observe": {"channels": BEAM}}, "'observe' of a scan is"),
    ],
)
async def test_a_scan_that_is_not_wholly_understood_files_nothing(bench, parameters: Any, told: str) -> None:
    ended = await bench.run(bench.step("line", "scan", axes=[_axis()], **json.loads(json.dumps(parameters))))
    assert ended.status is TurnStatus.FAILED
    assert told in ended.answer
    assert await journal_of(bench.project).requests.list() == []


SIZES = st.lists(st.integers(1, 6), min_size=1, max_size=3)


@given(SIZES, st.booleans())
def test_a_grid_visits_each_combination_once_and_a_snake_moves_one_axis(sizes: list[int], snake: bool) -> None:
    if not len(sizes) * max(sizes) >= 2 or not 2 <= _product(sizes) <= MOST_POINTS:
        return
    axes = [{"channel": f"C{n}", "values": list(range(size))} for n, size in enumerate(sizes)]
    plan = plan_scan({"axes": axes, "snake": snake})
    assert len(set(plan.points)) == len(plan.points) == _product(sizes)
    if snake:
        groups = plan.groups(None)
        assert all(len(group) == 1 for group in groups[1:])
        assert sum(plan.travel(plan.points[0], restores=False)) == len(plan.points) - 1


def _product(sizes: list[int]) -> int:
    product = 1
    for size in sizes:
        product *= size
    return product
