"""What a person decides about a run, and what becomes of it; every way that an answer does not count."""

from __future__ import annotations

import anyio
import pytest
from langgraph.errors import GraphInterrupt

from osprey.control import targets_of
from osprey.errors import ConflictError, RefusedError, UsageError
from osprey.journal import RequestState, journal_of
from osprey.services.python_executor import PythonServiceResult, ServiceStatus
from osprey.services.python_executor.exceptions import ChannelLimitsViolationError

from .conftest import READS, WRITE

pytestmark = [pytest.mark.anyio, pytest.mark.sandbox]


async def test_what_was_approved_is_written_and_the_result_is_of_the_same_type(desk) -> None:
    desk.writes(WRITE)
    row = await desk.asks()
    assert (row.kind, await desk.value()) == ("python_executor", pytest.approx(await desk.value()))
    await desk.approve(row)
    result = await desk.resume({"request_id": row.id})
    assert isinstance(result, PythonServiceResult)
    assert result.execution_result.results == {"set": 2.5}
    assert (result.request_id, result.report["status"]) == (row.id, "done")
    assert await desk.value() == 2.5
    assert len(desk.asked) == 1


async def test_the_answer_of_the_seeds_counts_by_the_stored_decision(desk) -> None:
    desk.writes(WRITE)
    row = await desk.asks()
    before = await desk.value()
    for forged, rule in (
        ({"approved": True}, "approval.no_id"),
        ("yes", "approval.no_id"),
        ({"approved": True, "approval_id": row.id}, "approval.pending"),
    ):
        with pytest.raises(RefusedError) as refused:
            await desk.resume(forged)
        assert refused.value.rule == rule
    assert await desk.value() == before
    await desk.approve(row)
    result = await desk.resume({"approved": True, "approval_id": row.id, "sha256": row.sha256})
    assert result.status is ServiceStatus.DONE


async def test_a_no_is_a_result_and_nothing_is_written(desk) -> None:
    desk.writes(WRITE)
    row = await desk.asks()
    before = await desk.value()
    await desk.reject(row)
    result = await desk.resume({"request_id": row.id})
    assert result.status is ServiceStatus.REJECTED
    assert result.execution_result.results == {}
    assert "not during injection" in result.said
    assert await desk.value() == before
    assert len(desk.asked) == 1


async def test_a_no_in_the_answer_needs_nothing_stored(desk) -> None:
    desk.writes(WRITE)
    row = await desk.asks()
    assert (await desk.resume({"approved": False})).status is ServiceStatus.REJECTED
    assert (await journal_of(desk.project).requests.get(row.id)).state is RequestState.WITHDRAWN


async def test_a_run_is_carried_out_once_however_often_it_is_resumed(desk) -> None:
    desk.writes(WRITE)
    row = await desk.asks()
    await desk.approve(row)
    first = await desk.resume({"request_id": row.id})
    again = await desk.resume({"request_id": row.id})
    assert again.execution_result.folder_path == first.execution_result.folder_path
    target = await targets_of(desk.project).get()
    assert target.connector.count_puts("BEND:CURRENT:SP") == 1


async def test_an_edited_request_is_asked_and_carried_out_in_its_place(desk) -> None:
    desk.writes(WRITE)
    row = await desk.asks()
    edited = await desk.edit(row, WRITE.replace("2.5", "1.5"))
    await desk.approve(edited)
    result = await desk.resume({"request_id": edited.id})
    assert (result.request_id, await desk.value()) == (edited.id, 1.5)
    assert result.execution_result.results == {"set": 1.5}


async def test_all_code_is_read_before_it_runs_where_the_configuration_wants_it(open_desk) -> None:
    desk = await open_desk("approval: {capabilities: {python_execution: {enabled: true, mode: all_code}}}\n")
    desk.writes(WRITE)
    code = await desk.asks()
    assert "writes" not in code.document
    await desk.approve(code)
    with pytest.raises(GraphInterrupt) as asked:
        await desk.resume({"request_id": code.id})
    writes = await desk.asked_in(asked)
    assert writes.id != code.id
    await desk.approve(writes)
    assert (await desk.resume({"request_id": writes.id})).status is ServiceStatus.DONE


async def test_a_mode_that_wants_approval_asks_even_without_writes(open_desk) -> None:
    desk = await open_desk("  modes: {read_only: {requires_approval: true}}\n")
    desk.writes(READS)
    row = await desk.asks()
    await desk.approve(row)
    result = await desk.resume({"request_id": row.id})
    assert result.execution_result.results == {"bend": await desk.value()}


async def test_code_that_a_person_rejects_is_not_run(open_desk) -> None:
    desk = await open_desk("  modes: {read_only: {requires_approval: true}}\n")
    desk.writes(READS)
    row = await desk.asks()
    await desk.reject(row)
    result = await desk.resume({"request_id": row.id})
    assert (result.status, result.request_id) == (ServiceStatus.REJECTED, row.id)
    assert "The code was not run" in result.said


@pytest.mark.parametrize(
    "more",
    [
        "  modes: {write_access: {requires_approval: false}}\n",
        "approval: {global_mode: disabled}\n",
        "approval: {capabilities: {python_execution: {enabled: false, mode: disabled}}}\n",
    ],
)
async def test_no_key_removes_the_approval_of_a_write(open_desk, more: str) -> None:
    desk = await open_desk(more)
    desk.writes(WRITE)
    before = await desk.value()
    assert (await desk.asks()).state is RequestState.PENDING
    assert await desk.value() == before


async def test_a_write_mode_without_writes_refuses_every_write(open_desk) -> None:
    desk = await open_desk("  modes: {write_access: {allows_writes: false}}\n")
    desk.writes(WRITE)
    with pytest.raises(RefusedError) as refused:
        await desk.run()
    assert refused.value.rule == "python.mode_forbids_writes"
    assert await desk.refusals() == ["python.mode_forbids_writes"]
    assert (await desk.requests(), len(desk.asked)) == ([], 1)
    desk.writes(READS)
    assert (await desk.run()).status is ServiceStatus.DONE


async def test_a_refusal_by_limits_writes_no_other_code(desk) -> None:
    desk.writes(WRITE.replace("2.5", "11.0"), READS)
    with pytest.raises(RefusedError) as refused:
        await desk.run()
    assert isinstance(refused.value, ChannelLimitsViolationError)
    assert refused.value.rule.startswith("limits.")
    assert len(desk.asked) == 1


async def test_a_halt_holds_the_run_which_goes_on_when_it_is_released(desk) -> None:
    desk.writes(WRITE)
    halt = journal_of(desk.project).halt
    await halt.set(desk.person.actor, "a vacuum leak")
    row = await desk.asks()
    await desk.approve(row)
    with pytest.raises(GraphInterrupt) as asked:
        await desk.resume({"request_id": row.id})
    assert (await desk.asked_in(asked)).id == row.id
    await halt.release(desk.person.actor, "it was closed")
    assert (await desk.resume({"request_id": row.id})).status is ServiceStatus.DONE
    assert await desk.value() == 2.5


async def test_a_new_request_under_a_used_thread_begins_anew_and_withdraws_what_waited(desk) -> None:
    desk.writes(WRITE)
    first = await desk.asks()
    second = await desk.asks()
    assert first.id != second.id
    assert (await journal_of(desk.project).requests.get(first.id)).state is RequestState.WITHDRAWN
    with pytest.raises(RefusedError):
        await desk.resume({"request_id": first.id})


async def test_a_folder_with_writes_in_it_is_nobodys_to_go_on_in(desk) -> None:
    desk.writes(WRITE)
    row = await desk.asks()
    folder = row.presentation["folder"]
    with pytest.raises(UsageError, match="existing_execution_folder"):
        await desk.run("other", existing_execution_folder=folder)
    await desk.approve(row)
    await desk.resume({"request_id": row.id})
    with pytest.raises(UsageError, match="existing_execution_folder"):
        await desk.run("other", existing_execution_folder=folder)


async def test_an_answer_to_a_thread_that_nobody_knows_says_so(desk) -> None:
    with pytest.raises(UsageError, match="'nowhere'"):
        await desk.resume({"approved": False}, "nowhere")


async def test_several_runs_at_once_have_folders_and_requests_of_their_own(desk) -> None:
    desk.writes(WRITE, READS)
    found = {}

    async def run(name: str) -> None:
        try:
            found[name] = (await desk.run(name)).execution_result.folder_path
        except GraphInterrupt as asked:
            found[name] = asked.args[0][0].value["request_id"]

    async with anyio.create_task_group() as tasks:
        for name in ("a", "b", "c", "d"):
            tasks.start_soon(run, name)
    assert len(set(found.values())) == 4
    assert len(await desk.requests()) == 1


async def test_two_calls_at_once_on_one_thread_are_a_conflict(desk) -> None:
    begun, go_on = anyio.Event(), anyio.Event()

    class Slow:
        async def generate_code(self, request, error_chain):
            begun.set()
            await go_on.wait()
            return READS

    desk.scripted.Scripted = Slow
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(desk.run)
        await begun.wait()
        with pytest.raises(ConflictError):
            await desk.run()
        go_on.set()
