"""Writes that an application asks for: judged by the guard with what the channels hold, done from the store."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any, TypedDict

import pytest
from langgraph.types import interrupt

from osprey.approval import ask_person, card_of, create_channel_write_approval_interrupt, get_approval_resume_data
from osprey.approval.desk import edit
from osprey.approval.interrupts import answer_to, pending_requests
from osprey.control import ApplyRequest, guard_of, targets_of
from osprey.control.mock.connector import MockFault
from osprey.errors import RefusedError, UsageError

pytestmark = pytest.mark.anyio

SETTINGS: Any = {"configurable": {"thread_id": "t"}}
OPERATIONS = [
    {"channel_address": "BEND:CURRENT:SP", "value": 3.0, "units": "A", "notes": "as in the logbook"},
    {"channel_address": "QUAD:CURRENT:SP", "value": 2.5},
]


class State(TypedDict, total=False):
    """What the graphs of these tests keep."""

    answer: Any


async def _apply(desk: Any, request_id: str, sha256: str) -> Any:
    request = ApplyRequest(request_id=request_id, sha256=sha256, actor=desk.person.actor)
    return await guard_of(desk.project).apply(request)


async def test_writes_are_shown_with_what_the_channels_hold_and_done_as_approved(desk) -> None:
    with desk.project.activate():
        question = create_channel_write_approval_interrupt(OPERATIONS, {"why": "drift"}, ["large step"], "Correct it")
    row = await desk.only_request()
    target = await targets_of(desk.project).get()
    [before] = await target.connector.read(["BEND:CURRENT:SP"], timeout_s=1)
    card = card_of(desk.project, row)
    assert (card.rows[0].channel, card.rows[0].new) == ("BEND:CURRENT:SP", "3.0")
    assert card.rows[0].now == repr(before.value)
    assert card.group_count == 2, "one after the other, each only after the one before was confirmed"
    carried = question["resume_payload"]
    assert (carried["approval_id"], carried["approval_type"]) == (row.id, "channel_write")
    assert carried["operations"] == [
        {"channel_address": "BEND:CURRENT:SP", "value": 3.0, "units": "A", "notes": "as in the logbook"},
        {"channel_address": "QUAD:CURRENT:SP", "value": 2.5, "units": "A", "notes": ""},
    ]
    assert (carried["analysis_details"], carried["safety_concerns"]) == ({"why": "drift"}, ["large step"])
    assert "BEND:CURRENT:SP" in question["user_message"]
    assert "SIMULATION" in question["user_message"]
    assert "large step" in question["user_message"]
    await desk.approve(row.id)
    report = await _apply(desk, row.id, row.sha256)
    assert report.status == "done"
    assert [put.value for put in target.connector.puts] == [3.0, 2.5]


async def test_what_the_guard_refuses_is_raised_audited_and_not_filed(desk) -> None:
    with desk.project.activate(), pytest.raises(RefusedError, match="above the maximum") as refused:
        create_channel_write_approval_interrupt([{"channel_address": "BEND:CURRENT:SP", "value": 99.0}])
    assert refused.value.rule == "limits.max"
    assert await desk.requests() == []
    assert await desk.refusals() == ["limits.max"]


async def test_what_was_written_before_is_what_the_next_request_shows(desk) -> None:
    for value in (3.0, 4.0):
        with desk.project.activate():
            question = create_channel_write_approval_interrupt([{**OPERATIONS[0], "value": value}])
        row = await desk.approve(question["resume_payload"]["approval_id"])
        assert (await _apply(desk, row.id, row.sha256)).status == "done"
    assert card_of(desk.project, row).rows[0].now == "3.0"


async def test_a_channel_that_does_not_answer_is_not_asked_for(desk) -> None:
    (await targets_of(desk.project).get()).connector.inject("BEND:CURRENT:SP", MockFault.GONE)
    with desk.project.activate(), pytest.raises(RefusedError) as refused:
        create_channel_write_approval_interrupt(OPERATIONS)
    assert await desk.refusals() == [refused.value.rule]
    assert await desk.requests() == []


@pytest.mark.parametrize(
    "operations",
    [
        [{"channel_address": "BEND:CURRENT:SP"}],
        [{"channel_address": "BEND:CURRENT:SP", "value": 1.0, "force": True}],
        ["BEND:CURRENT:SP"],
    ],
)
async def test_an_operation_that_is_half_understood_is_refused(desk, operations: Any) -> None:
    with desk.project.activate(), pytest.raises(UsageError, match="operation 1"):
        create_channel_write_approval_interrupt(operations)
    assert await desk.requests() == []


async def test_a_list_without_an_operation_is_nothing_to_approve(desk) -> None:
    with desk.project.activate(), pytest.raises(RefusedError) as refused:
        create_channel_write_approval_interrupt([])
    assert refused.value.rule == "batch.empty"


async def test_an_operation_may_be_an_object_and_name_another_target(desk) -> None:
    operation = SimpleNamespace(channel_address="BEND:CURRENT:SP", value=1.0, units=None, notes=None)
    with desk.project.activate():
        create_channel_write_approval_interrupt([operation], target="bench")
        with pytest.raises(Exception, match="not configured"):
            create_channel_write_approval_interrupt([operation], target="ring")
    assert (await desk.only_request()).presentation["target"] == "bench"


async def test_a_node_that_runs_again_asks_the_machine_nothing_and_files_nothing(desk, chain) -> None:
    """Also where a channel has moved meanwhile: the question is what was asked, not what was read for it."""

    async def write(state: State) -> State:
        return {"answer": interrupt(create_channel_write_approval_interrupt(OPERATIONS))}

    with desk.project.activate():
        graph = chain(State, write)
        await graph.ainvoke({}, SETTINGS)
        row = await desk.only_request()
        (desk.project.root / "limits.yml").write_text("defaults: {max: 0}\n", encoding="utf-8")
        await graph.ainvoke(None, SETTINGS)
        assert pending_requests(await graph.aget_state(SETTINGS)) == [row.id]
    assert [one.id for one in await desk.requests()] == [row.id]


async def test_outside_of_a_graph_the_same_writes_are_one_request_while_it_waits(desk) -> None:
    def ask() -> str:
        return create_channel_write_approval_interrupt(OPERATIONS)["resume_payload"]["approval_id"]

    with desk.project.activate():
        first = ask()
        assert ask() == first
        await desk.reject(first)
        assert ask() != first


async def test_a_node_without_an_event_loop_may_call_it_as_well(desk, chain) -> None:
    threads: list[str] = []

    def write(state: State) -> State:
        threads.append(threading.current_thread().name)
        return {"answer": str(ask_person(create_channel_write_approval_interrupt(OPERATIONS)).row.state)}

    with desk.project.activate():
        graph = chain(State, write)
        await graph.ainvoke({}, SETTINGS)
        row = await desk.only_request()
        await desk.approve(row.id)
        ended = await graph.ainvoke(answer_to(await graph.aget_state(SETTINGS), row.id), SETTINGS)
    assert ended["answer"] == "approved"
    assert threading.main_thread().name not in threads


async def test_an_edited_list_comes_back_with_its_own_values(desk) -> None:
    with desk.project.activate():
        question = create_channel_write_approval_interrupt(OPERATIONS)
        row = await desk.only_request()
        changed = {"groups": [[{"channel": "BEND:CURRENT:SP", "value": 1.25, "unit": "A"}]]}
        edited = await edit(desk.project, row.id, changed, desk.person)
        await desk.approve(edited.id)
        state = {"approval_approved": True, "approved_payload": question["resume_payload"]}
        _, payload = get_approval_resume_data(state, "channel_write")
    assert payload is not None
    assert payload["approval_id"] == edited.id
    assert [(one["channel_address"], one["value"]) for one in payload["operations"]] == [("BEND:CURRENT:SP", 1.25)]
