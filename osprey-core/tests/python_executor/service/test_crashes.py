"""A run that is cut off anywhere goes on where it was, and does nothing twice."""

from __future__ import annotations

import pytest
from attrs import evolve

from osprey.control import targets_of
from osprey.services.python_executor import PythonExecutionRequest, ServiceStatus
from osprey.services.python_executor.service import Asked, Ended, RunCall, runs_of
from osprey.services.python_executor.service.stages import applying, rehearsing

from .conftest import READS, WRITE

pytestmark = [pytest.mark.anyio, pytest.mark.sandbox]
CALL = RunCall(run="turn/python/step", thread="thread", key="thread/turn/step", is_code_asked=False, digest="one")
REQUEST = PythonExecutionRequest(user_query="q", task_objective="Set the bend")


class Cut(Exception):  # noqa: N818 - it stands for the end of a process
    """Where the process ends."""


def cut(monkeypatch: pytest.MonkeyPatch, module, name: str, *, after: bool) -> list[str]:
    """Have a function of a stage end the run once, before or after its work."""
    real, cuts = getattr(module, name), []

    async def once(*args, **named):
        if cuts:
            return await real(*args, **named)
        if after:
            await real(*args, **named)
        cuts.append(name)
        raise Cut

    monkeypatch.setattr(module, name, once)
    return cuts


@pytest.mark.parametrize("after", [False, True])
async def test_a_run_that_is_cut_off_while_it_writes_writes_once(desk, monkeypatch, after) -> None:
    desk.writes(WRITE)
    row = await desk.asks()
    await desk.approve(row)
    cut(monkeypatch, applying, "carry_out", after=after)
    with pytest.raises(Cut):
        await desk.resume({"request_id": row.id})
    result = await desk.resume({"request_id": row.id})
    assert (result.status, await desk.value()) == (ServiceStatus.DONE, 2.5)
    target = await targets_of(desk.project).get()
    assert target.connector.count_puts("BEND:CURRENT:SP") == 1


async def test_a_no_that_reaches_a_run_which_was_cut_off_before_it_wrote_holds(desk, monkeypatch) -> None:
    desk.writes(WRITE)
    row = await desk.asks()
    before = await desk.value()
    await desk.approve(row)
    cut(monkeypatch, applying, "carry_out", after=False)
    with pytest.raises(Cut):
        await desk.resume({"request_id": row.id})
    assert (await desk.resume({"approved": False})).status is ServiceStatus.REJECTED
    assert await desk.value() == before


@pytest.mark.parametrize("after", [False, True])
async def test_a_run_that_is_cut_off_while_it_asks_asks_once(desk, monkeypatch, after) -> None:
    desk.writes(WRITE)
    runs = runs_of(desk.project)
    cut(monkeypatch, rehearsing, "file_write_request", after=after)
    with pytest.raises(Cut):
        await runs.begin(CALL, REQUEST)
    standing = await runs.begin(CALL, REQUEST)
    assert isinstance(standing, Asked)
    assert [row.id for row in await desk.requests()] == [standing.request_id]
    assert len(desk.asked) == 1


async def test_beginning_again_carries_out_nothing_that_was_decided_meanwhile(desk) -> None:
    desk.writes(WRITE)
    runs = runs_of(desk.project)
    asked = await runs.begin(CALL, REQUEST)
    [row] = await desk.requests()
    before = await desk.value()
    await desk.approve(row)
    assert await runs.begin(CALL, REQUEST) == asked
    assert await desk.value() == before
    assert isinstance(await runs.proceed(CALL.run), Ended)
    assert await desk.value() == 2.5


async def test_another_call_under_the_name_of_one_that_was_cut_off_begins_anew(desk, monkeypatch) -> None:
    desk.writes(WRITE, READS)
    runs = runs_of(desk.project)
    cut(monkeypatch, rehearsing, "file_write_request", after=True)
    with pytest.raises(Cut):
        await runs.begin(CALL, REQUEST)
    ended = await runs.begin(evolve(CALL, digest="two"), REQUEST)
    assert isinstance(ended, Ended)
    assert len(desk.asked) == 2


async def test_a_project_that_was_closed_meanwhile_goes_on(open_desk) -> None:
    desk = await open_desk()
    desk.writes(WRITE)
    row = await desk.asks()
    await desk.approve(row)
    await desk.project.aclose()
    again = await open_desk()
    assert (await again.resume({"request_id": row.id})).status is ServiceStatus.DONE
