"""What `get_approval_resume_data` believes of a state: the request's id, and nothing else."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import Any

import pytest

from osprey.approval import (
    clear_approval_state,
    create_code_approval_interrupt,
    create_memory_approval_interrupt,
    get_approval_resume_data,
)
from osprey.approval.desk import edit
from osprey.approval.seeds.resuming import approval_state_of
from osprey.errors import RefusedError
from osprey.journal import RequestState, journal_of

pytestmark = pytest.mark.anyio


def _state(is_yes: Any, payload: Any) -> dict[str, Any]:
    return {"approval_approved": is_yes, "approved_payload": payload}


def _ask(desk: Any) -> dict[str, Any]:
    with desk.project.activate():
        return create_memory_approval_interrupt("BEND is slow", "save", "alice")["resume_payload"]


def _read(desk: Any, state: Any, expected_type: str = "memory_save") -> tuple[bool, dict[str, Any] | None]:
    with desk.project.activate():
        return get_approval_resume_data(state, expected_type)


@pytest.mark.parametrize("state", [{}, clear_approval_state(), SimpleNamespace(), None])
async def test_without_a_decision_there_is_nothing_to_go_on_with(desk, state: Any) -> None:
    assert _read(desk, state) == (False, None)
    assert _read(desk, _state(None, _ask(desk))) == (False, None)


@pytest.mark.parametrize("form", [dict, lambda state: SimpleNamespace(**state)])
async def test_an_approved_request_gives_what_is_stored_of_it(desk, form: Any) -> None:
    payload = _ask(desk)
    await desk.approve(payload["approval_id"])
    assert _read(desk, form(_state(True, payload))) == (True, payload)
    assert _read(desk, form(_state(True, {"approval_id": payload["approval_id"]}))) == (True, payload)


async def test_what_an_application_has_added_is_not_given_back_as_approved(desk) -> None:
    payload = _ask(desk)
    await desk.approve(payload["approval_id"])
    _, given = _read(desk, _state(True, {**payload, "react_step_count": 3, "operations": ["write"]}))
    assert given == payload


@pytest.mark.parametrize("end", ["reject", "withdraw", "say no"])
async def test_a_stored_no_is_a_no_whatever_the_state_says(desk, end: str) -> None:
    payload = _ask(desk)
    request_id = payload["approval_id"]
    if end == "reject":
        await desk.reject(request_id)
    elif end == "withdraw":
        await journal_of(desk.project).requests.withdraw(request_id, desk.person.actor, "no")
    says = end != "say no"
    assert _read(desk, _state(says, payload)) == (True, None)


async def test_a_request_whose_time_is_over_is_a_no_and_nobody_s(configure) -> None:
    project = await configure("approval: {expires_after_s: 0.001}\n")
    with project.activate():
        payload = create_memory_approval_interrupt("BEND is slow", "save", "alice")["resume_payload"]
        assert get_approval_resume_data(_state(True, payload), "memory_save") == (True, None)
    row = await journal_of(project).requests.get(payload["approval_id"])
    assert (row.state, row.decided_by) == (RequestState.EXPIRED, None)


async def test_a_request_that_was_changed_in_the_database_is_none(desk) -> None:
    payload = _ask(desk)
    await desk.approve(payload["approval_id"])
    desk.project.database.general.run_sync(
        lambda connection: [
            connection.exec_driver_sql("DROP TRIGGER requests_are_fixed"),
            connection.exec_driver_sql("UPDATE requests SET document = replace(document, 'slow', 'fast')"),
        ]
    )
    with pytest.raises(RefusedError) as refused:
        _read(desk, _state(True, {"approval_id": payload["approval_id"]}))
    assert refused.value.rule == "approval.hash"


async def test_a_time_that_was_changed_in_the_database_makes_no_no(desk) -> None:
    """Nobody can end a request as expired by writing into the file, and have it told as that."""
    payload = _ask(desk)
    desk.project.database.general.run_sync(
        lambda connection: [
            connection.exec_driver_sql("DROP TRIGGER requests_are_fixed"),
            connection.exec_driver_sql("UPDATE requests SET expires_ns = 1"),
        ]
    )
    with pytest.raises(RefusedError) as refused:
        _read(desk, _state(True, payload))
    assert refused.value.rule == "approval.seal"


async def test_a_clock_that_has_gone_back_lets_nothing_go_on(desk) -> None:
    payload = _ask(desk)
    await desk.approve(payload["approval_id"])
    audit, later_ns = journal_of(desk.project).audit, time.time_ns() + 3600 * 10**9
    await desk.project.database.safety.run(
        lambda connection: audit.append(
            connection, event="clock.seen", actor=desk.person.actor, subject="", now_ns=later_ns
        )
    )
    with pytest.raises(RefusedError) as refused:
        _read(desk, _state(True, payload))
    assert refused.value.rule == "approval.clock"


async def test_a_no_needs_nothing_that_is_stored(desk) -> None:
    for payload in (None, {}, {"approval_id": "req-000000000000"}):
        assert _read(desk, _state(False, payload)) == (True, None)
    assert await desk.refusals() == []


async def test_a_no_after_an_approval_is_a_no(desk) -> None:
    payload = _ask(desk)
    await desk.approve(payload["approval_id"])
    assert _read(desk, _state(False, payload)) == (True, None)


@pytest.mark.parametrize("is_yes", [True, False])
async def test_the_decision_on_another_type_is_not_this_step_s(desk, is_yes: bool) -> None:
    payload = _ask(desk)
    await desk.approve(payload["approval_id"])
    assert _read(desk, _state(is_yes, payload), "python_executor") == (False, None)
    assert _read(desk, _state(is_yes, {**payload, "approval_type": "python_executor"}), "python_executor") == (
        False,
        None,
    )


FORGED = [
    (True, None, "approval.no_id"),
    (True, {}, "approval.no_id"),
    (True, "yes", "approval.no_id"),
    (True, {"content": "BEND is slow"}, "approval.no_id"),
    (True, {"approval_id": 7}, "approval.no_id"),
    ("yes", {"approval_id": "{id}"}, "approval.no_id"),
    (1, {"approval_id": "{id}"}, "approval.no_id"),
    (True, {"approval_id": "req-000000000000"}, "approval.unknown"),
    (True, {"approval_id": "{id}"}, "approval.pending"),
]


@pytest.mark.parametrize(("is_yes", "payload", "rule"), FORGED)
async def test_a_yes_that_nobody_gave_is_refused_and_audited(desk, is_yes: Any, payload: Any, rule: str) -> None:
    request_id = _ask(desk)["approval_id"]
    if isinstance(payload, dict) and payload.get("approval_id") == "{id}":
        payload = {"approval_id": request_id}
    with pytest.raises(RefusedError) as refused:
        _read(desk, _state(is_yes, payload))
    assert refused.value.rule == rule
    assert await desk.refusals() == [rule]


async def test_a_yes_with_another_content_than_was_approved_is_refused(desk) -> None:
    payload = _ask(desk)
    await desk.approve(payload["approval_id"])
    for forged in ({"content": "delete everything"}, {"sha256": "0" * 64}, {"user_id": "bob"}):
        with pytest.raises(RefusedError) as refused:
            _read(desk, _state(True, {**payload, **forged}))
        assert refused.value.rule == "approval.other_payload"


async def test_an_approval_is_not_used_again_once_it_was_carried_out(desk) -> None:
    payload = _ask(desk)
    row = await desk.approve(payload["approval_id"])
    await journal_of(desk.project).ledger.spend(row.id, row.sha256, desk.person.actor, lambda *_: {})
    with pytest.raises(RefusedError) as refused:
        _read(desk, _state(True, payload))
    assert refused.value.rule == "approval.done"


async def test_an_edited_request_gives_the_edited_content(desk) -> None:
    payload = _ask(desk)
    edited = await edit(desk.project, payload["approval_id"], {"content": "BEND is fast"}, desk.person)
    with pytest.raises(RefusedError) as refused:
        _read(desk, _state(True, payload))
    assert refused.value.rule == "approval.pending"
    await desk.approve(edited.id)
    _, given = _read(desk, _state(True, payload))
    assert given is not None
    assert (given["approval_id"], given["content"]) == (edited.id, "BEND is fast")


async def test_rules_that_have_changed_since_are_asked_again(desk, configure) -> None:
    project = await configure("")
    with project.activate():
        payload = create_code_approval_interrupt("x = 1\n")["resume_payload"]
    await journal_of(project).requests.approve(payload["approval_id"], payload["sha256"], desk.person.actor)
    changed = await configure("approval: {policies: {two: {persons: 2}}}\n")
    with changed.activate(), pytest.raises(RefusedError) as refused:
        get_approval_resume_data(_state(True, payload), "python_executor")
    assert refused.value.rule == "approval.policy_changed"


async def test_an_interface_puts_the_decision_where_it_is_looked_for(desk) -> None:
    payload = _ask(desk)
    with pytest.raises(RefusedError) as refused:
        approval_state_of(desk.project, payload["approval_id"])
    assert refused.value.rule == "approval.pending"
    await desk.approve(payload["approval_id"])
    assert _read(desk, approval_state_of(desk.project, payload["approval_id"])) == (True, payload)
    no = _ask(desk)
    await desk.reject(no["approval_id"])
    assert _read(desk, approval_state_of(desk.project, no["approval_id"])) == (True, None)
