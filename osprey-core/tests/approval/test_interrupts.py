"""Questions in a graph: several at once, in branches and subgraphs, each answered for itself alone."""

from __future__ import annotations

import operator
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated, Any, TypedDict

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from langgraph.errors import UnknownInterruptError
from langgraph.graph import END, START, StateGraph
from langgraph.types import Command, Send

from osprey.approval import Draft, Facts, current_actor, file_request, identity_of
from osprey.approval.desk import approve, reject
from osprey.approval.interrupts import (
    answer_to,
    answers_to,
    ask_person,
    pending_request,
    pending_requests,
    strict_resume,
    wait_for_decision,
)
from osprey.approval.kinds.document import write_content
from osprey.errors import ConflictError, RefusedError, UsageError
from osprey.journal import RequestRow, RequestState, journal_of
from osprey.project import Project, open_project

pytestmark = pytest.mark.anyio

CONFIG = """
control_system:
  default_target: bench
  targets: {bench: {connector: mock, posture: simulation}}
"""


class State(TypedDict, total=False):
    """What the graphs of these tests keep."""

    ids: list[str]
    id: str
    answered: Annotated[list[Any], operator.add]


class InnerState(TypedDict, total=False):
    """What a subgraph keeps; it shares no key that is added up with the graph around it."""

    ids: list[str]
    inner_answer: Any


@pytest.fixture
def anyio_backend() -> str:
    """LangGraph runs on asyncio alone."""
    return "asyncio"


@pytest.fixture
async def project(tmp_path: Path) -> AsyncIterator[Project]:
    (tmp_path / "config.yml").write_text(CONFIG, encoding="utf-8")
    async with open_project(tmp_path) as opened:
        yield opened


@pytest.fixture(params=["with strict resume", "without strict resume"])
def settings(request: pytest.FixtureRequest) -> dict[str, Any]:
    strict = strict_resume() if request.param == "with strict resume" else {}
    return {"configurable": {"thread_id": "t", **strict}}


async def _file(project: Project, text: str) -> RequestRow:
    draft = Draft(
        document=write_content("memory_save", {"content": text}),
        title=text,
        thread="t",
        risk="none",
        actor=current_actor(),
        facts=Facts(kind="memory_save"),
    )
    return await file_request(project, draft)


async def _approve(project: Project, row: RequestRow) -> None:
    await approve(project, row.id, row.sha256[:8], identity_of(project))


def _asking(project: Project, *, asks: Any = None) -> Any:
    """A graph with one node that asks about each of `ids` after the other."""

    def ask(state: State) -> State:
        return {"answered": [(asks or _state_of)(project, request_id) for request_id in state["ids"]]}

    return _compiled(ask)


def _state_of(project: Project, request_id: str) -> str:
    return str(ask_person(request_id, project=project).row.state)


def _compiled(node: Any, checkpointer: Any = None) -> Any:
    graph: Any = StateGraph(State)
    graph.add_node("ask", node)
    graph.add_edge(START, "ask")
    graph.add_edge("ask", END)
    return graph.compile(checkpointer=checkpointer or InMemorySaver())


async def _refusals(project: Project) -> list[tuple[str, str]]:
    rows = await journal_of(project).audit.log()
    return [(row.subject, row.detail["rule"]) for row in rows if row.event == "refused"]


async def test_a_graph_goes_on_with_the_stored_decision(project: Project, settings: dict[str, Any]) -> None:
    row, graph = await _file(project, "BEND is slow"), _asking(project)
    await graph.ainvoke({"ids": [row.id]}, settings)
    snapshot = await graph.aget_state(settings)
    assert pending_requests(snapshot) == [row.id]
    assert pending_request(snapshot) == row.id
    await _approve(project, row)
    ended = await graph.ainvoke(answer_to(snapshot, row.id), settings)
    assert ended["answered"] == ["approved"]
    assert pending_requests(await graph.aget_state(settings)) == []


async def test_the_question_says_how_it_may_be_answered(project: Project, settings: dict[str, Any]) -> None:
    row, graph = await _file(project, "a"), _asking(project)
    await graph.ainvoke({"ids": [row.id]}, settings)
    [question] = (await graph.aget_state(settings)).interrupts
    assert question.value == {"request_id": row.id}
    assert set(question.response_schema["properties"]) == {"approved", "approval_id"}


async def test_a_no_is_given_to_the_graph_and_is_no_error(project: Project, settings: dict[str, Any]) -> None:
    row, graph = await _file(project, "a"), _asking(project)
    await graph.ainvoke({"ids": [row.id]}, settings)
    await reject(project, row.id, identity_of(project), "not during injection")
    ended = await graph.ainvoke(answer_to(await graph.aget_state(settings), row.id), settings)
    assert ended["answered"] == ["rejected"]


FORGED = [
    ({"approved": True}, "approval.no_id"),
    (True, "approval.no_id"),
    ("yes", "approval.no_id"),
    ({"approved": "yes", "approval_id": "{asked}"}, "approval.no_id"),
    ({"approved": 1, "approval_id": "{asked}"}, "approval.no_id"),
    ({"approved": True, "approval_id": "{asked}", "request_id": "{other}"}, "approval.no_id"),
    ({"approved": True, "approval_id": "{other}"}, "approval.other_request"),
    ({"approved": False, "approval_id": "{other}"}, "approval.other_request"),
    ({"approved": True, "approval_id": "req-000000000000"}, "approval.other_request"),
    ({"approved": True, "approval_id": "{asked}"}, "approval.pending"),
    ({"request_id": "{asked}"}, "approval.pending"),
]


@pytest.mark.parametrize("form", ["by the question's id", "as one answer"])
@pytest.mark.parametrize(("answer", "rule"), FORGED)
async def test_an_answer_that_does_not_count_is_refused_audited_and_leaves_the_question_open(
    project: Project, settings: dict[str, Any], answer: Any, rule: str, form: str
) -> None:
    row, other, graph = await _file(project, "asked"), await _file(project, "other"), _asking(project)
    await _approve(project, other)
    if isinstance(answer, dict):
        answer = {k: v.format(asked=row.id, other=other.id) if isinstance(v, str) else v for k, v in answer.items()}
    await graph.ainvoke({"ids": [row.id]}, settings)
    [question] = (await graph.aget_state(settings)).interrupts
    given = {question.id: answer} if form == "by the question's id" else answer
    with pytest.raises(RefusedError) as refused:
        await graph.ainvoke(Command(resume=given), settings)
    assert refused.value.rule == rule
    assert await _refusals(project) == [(row.id, rule)]
    # What was refused must not have become the answer for good.
    snapshot = await graph.aget_state(settings)
    assert pending_requests(snapshot) == [row.id]
    await _approve(project, row)
    ended = await graph.ainvoke(answer_to(snapshot, row.id), settings)
    assert ended["answered"] == ["approved"]


async def test_the_seeds_yes_counts_with_the_id_of_what_is_approved(project: Project, settings: dict[str, Any]) -> None:
    row, graph = await _file(project, "a"), _asking(project)
    await graph.ainvoke({"ids": [row.id]}, settings)
    await _approve(project, row)
    ended = await graph.ainvoke(Command(resume={"approved": True, "approval_id": row.id, "content": "a"}), settings)
    assert ended["answered"] == ["approved"]


async def test_a_yes_that_carries_other_content_than_was_approved_is_refused(
    project: Project, settings: dict[str, Any]
) -> None:
    row, graph = await _file(project, "a"), _asking(project)
    await graph.ainvoke({"ids": [row.id]}, settings)
    await _approve(project, row)
    for forged in ({"content": "b"}, {"sha256": "0" * 64}, {"approval_type": "channel_write"}):
        with pytest.raises(RefusedError) as refused:
            await graph.ainvoke(Command(resume={"approved": True, "approval_id": row.id, **forged}), settings)
        assert refused.value.rule == "approval.other_payload"


@pytest.mark.parametrize("names_it", [True, False])
@pytest.mark.parametrize("is_approved_before", [True, False])
async def test_a_no_ends_the_step_and_takes_the_request_back(
    project: Project, settings: dict[str, Any], names_it: bool, is_approved_before: bool
) -> None:
    row, graph = await _file(project, "a"), _asking(project)
    await graph.ainvoke({"ids": [row.id]}, settings)
    if is_approved_before:
        await _approve(project, row)
    answer = {"approved": False, **({"approval_id": row.id} if names_it else {})}
    ended = await graph.ainvoke(Command(resume=answer), settings)
    assert ended["answered"] == ["withdrawn"]
    assert (await journal_of(project).requests.get(row.id)).state is RequestState.WITHDRAWN


@pytest.mark.parametrize("end", ["reject", "withdraw"])
async def test_a_yes_to_what_people_did_not_agree_to_is_refused(
    project: Project, settings: dict[str, Any], end: str
) -> None:
    row, graph = await _file(project, "a"), _asking(project)
    await graph.ainvoke({"ids": [row.id]}, settings)
    await getattr(journal_of(project).requests, end)(row.id, current_actor(), "no")
    with pytest.raises(RefusedError) as refused:
        await graph.ainvoke(Command(resume={"approved": True, "approval_id": row.id}), settings)
    assert refused.value.rule == f"approval.{'rejected' if end == 'reject' else 'withdrawn'}"


async def test_what_was_carried_out_is_not_approved_once_more(project: Project, settings: dict[str, Any]) -> None:
    row, graph = await _file(project, "a"), _asking(project)
    await graph.ainvoke({"ids": [row.id]}, settings)
    await _approve(project, row)
    await journal_of(project).ledger.spend(row.id, row.sha256, current_actor(), lambda *_: {})
    with pytest.raises(RefusedError) as refused:
        await graph.ainvoke(Command(resume={"approved": True, "approval_id": row.id}), settings)
    assert refused.value.rule == "approval.done"


async def test_an_approval_that_was_written_into_the_database_is_none(
    project: Project, settings: dict[str, Any]
) -> None:
    row, graph = await _file(project, "a"), _asking(project)
    await graph.ainvoke({"ids": [row.id]}, settings)
    project.database.general.run_sync(
        lambda c: c.exec_driver_sql("UPDATE requests SET state = 'approved', decided_by = 'os:root'")
    )
    with pytest.raises(RefusedError) as refused:
        await graph.ainvoke(Command(resume={"approved": True, "approval_id": row.id}), settings)
    assert refused.value.rule == "approval.undecided"


async def test_an_edited_request_is_answered_by_the_one_in_its_place(
    project: Project, settings: dict[str, Any]
) -> None:
    from osprey.approval.desk import edit

    row, graph = await _file(project, "a"), _asking(project)
    await graph.ainvoke({"ids": [row.id]}, settings)
    edited = await edit(project, row.id, {"content": "b"}, identity_of(project))
    await _approve(project, edited)
    with pytest.raises(RefusedError) as refused:
        await graph.ainvoke(Command(resume={"approved": True, "approval_id": row.id}), settings)
    assert refused.value.rule == "approval.superseded"
    ended = await graph.ainvoke(Command(resume={"approved": True, "approval_id": edited.id}), settings)
    assert ended["answered"] == ["approved"]


async def test_an_answer_that_comes_late_never_reaches_the_next_question(
    project: Project, settings: dict[str, Any]
) -> None:
    """One node asks twice: LangGraph by itself gives the answer to the first question to the second."""
    first, second, graph = await _file(project, "first"), await _file(project, "second"), _asking(project)
    await graph.ainvoke({"ids": [first.id, second.id]}, settings)
    late = answer_to(await graph.aget_state(settings), first.id)
    await _approve(project, first)
    await _approve(project, second)
    await graph.ainvoke(late, settings)
    snapshot = await graph.aget_state(settings)
    assert pending_requests(snapshot) == [second.id]
    for stale in (late, Command(resume={"request_id": first.id})):
        with pytest.raises((RefusedError, UnknownInterruptError)):
            await graph.ainvoke(stale, settings)
    with pytest.raises(ConflictError, match="does not wait"):
        answer_to(await graph.aget_state(settings), first.id)
    assert pending_requests(await graph.aget_state(settings)) == [second.id]


async def test_strict_resume_refuses_a_late_answer_before_the_node_runs(project: Project) -> None:
    settings = {"configurable": {"thread_id": "t", **strict_resume()}}
    first, second, graph = await _file(project, "first"), await _file(project, "second"), _asking(project)
    await graph.ainvoke({"ids": [first.id, second.id]}, settings)
    late = answer_to(await graph.aget_state(settings), first.id)
    await _approve(project, first)
    await graph.ainvoke(late, settings)
    with pytest.raises(UnknownInterruptError):
        await graph.ainvoke(late, settings)
    assert await _refusals(project) == []


async def test_without_strict_resume_a_late_answer_is_refused_by_its_id(project: Project) -> None:
    settings: dict[str, Any] = {"configurable": {"thread_id": "t"}}
    first, second, graph = await _file(project, "first"), await _file(project, "second"), _asking(project)
    await graph.ainvoke({"ids": [first.id, second.id]}, settings)
    late = answer_to(await graph.aget_state(settings), first.id)
    await _approve(project, first)
    await graph.ainvoke(late, settings)
    with pytest.raises(RefusedError) as refused:
        await graph.ainvoke(late, settings)
    assert refused.value.rule == "approval.other_request"
    await _approve(project, second)
    ended = await graph.ainvoke(answer_to(await graph.aget_state(settings), second.id), settings)
    assert ended["answered"] == ["approved", "approved"]


async def test_the_answer_to_another_request_does_not_stop_a_thread_that_only_waits(
    project: Project, settings: dict[str, Any]
) -> None:
    """`wait_for_decision` reads nothing that is stored; it too must not keep a wrong answer for good."""
    row, graph = await _file(project, "a"), _asking(project, asks=lambda _, request_id: wait_for_decision(request_id))
    await graph.ainvoke({"ids": [row.id]}, settings)
    with pytest.raises(ConflictError, match="nothing was done"):
        await graph.ainvoke(Command(resume={"request_id": "req-other"}), settings)
    ended = await graph.ainvoke(answer_to(await graph.aget_state(settings), row.id), settings)
    assert ended["answered"] == [row.id]


async def test_an_answer_after_the_end_starts_nothing(project: Project, settings: dict[str, Any]) -> None:
    row, graph = await _file(project, "a"), _asking(project)
    await graph.ainvoke({"ids": [row.id]}, settings)
    await _approve(project, row)
    await graph.ainvoke(answer_to(await graph.aget_state(settings), row.id), settings)
    for never_started in (settings, {"configurable": {**settings["configurable"], "thread_id": "fresh"}}):
        with pytest.raises(ConflictError, match="does not wait"):
            answer_to(await graph.aget_state(never_started), row.id)


def _many(project: Project, seen: list[str] | None = None) -> Any:
    """A graph with a branch for each of `ids` but the last, which a subgraph asks about."""

    def ask(state: State) -> State:
        if seen is not None:
            seen.append(state["id"])
        return {"answered": [(state["id"], str(ask_person(state["id"], project=project).row.state))]}

    def ask_inside(state: InnerState) -> InnerState:
        return {"inner_answer": str(ask_person(state["ids"][-1], project=project).row.state)}

    inner: Any = StateGraph(InnerState)
    inner.add_node("ask_inside", ask_inside)
    inner.add_edge(START, "ask_inside")
    inner.add_edge("ask_inside", END)
    graph: Any = StateGraph(State)
    graph.add_node("ask", ask)
    graph.add_node("subgraph", inner.compile())
    branches = ["ask", "subgraph"]
    graph.add_conditional_edges(
        START, lambda state: [*(Send("ask", {"id": one}) for one in state["ids"][:-1]), "subgraph"], branches
    )
    graph.add_edge("ask", END)
    graph.add_edge("subgraph", END)
    return graph.compile(checkpointer=InMemorySaver())


async def test_branches_and_subgraphs_wait_at_once_and_are_answered_in_any_order(
    project: Project, settings: dict[str, Any]
) -> None:
    rows = [await _file(project, text) for text in ("a", "b", "c", "inside")]
    ids, graph = [row.id for row in rows], _many(project)
    await graph.ainvoke({"ids": ids}, settings)
    assert set(pending_requests(await graph.aget_state(settings))) == set(ids)
    await _approve(project, rows[1])
    await graph.ainvoke(answer_to(await graph.aget_state(settings), ids[1]), settings)
    assert set(pending_requests(await graph.aget_state(settings))) == {ids[0], ids[2], ids[3]}
    await reject(project, ids[2], identity_of(project), "no")
    await _approve(project, rows[3])
    await graph.ainvoke(answers_to(await graph.aget_state(settings), [ids[2], ids[3]]), settings)
    assert pending_requests(await graph.aget_state(settings)) == [ids[0]]
    await _approve(project, rows[0])
    ended = await graph.ainvoke(answer_to(await graph.aget_state(settings), ids[0]), settings)
    assert {tuple(answer) for answer in ended["answered"]} == {
        (ids[0], "approved"),
        (ids[1], "approved"),
        (ids[2], "rejected"),
    }


async def test_one_bad_answer_among_several_takes_nothing_from_the_others(
    project: Project, settings: dict[str, Any]
) -> None:
    rows = [await _file(project, text) for text in ("a", "b", "inside")]
    ids, graph = [row.id for row in rows], _many(project)
    await graph.ainvoke({"ids": ids}, settings)
    await _approve(project, rows[0])
    places = {question.value["request_id"]: question.id for question in (await graph.aget_state(settings)).interrupts}
    given = {places[ids[0]]: {"request_id": ids[0]}, places[ids[1]]: {"approved": True, "approval_id": ids[0]}}
    with pytest.raises(RefusedError) as refused:
        await graph.ainvoke(Command(resume=given), settings)
    assert refused.value.rule == "approval.other_request"
    waiting = pending_requests(await graph.aget_state(settings))
    assert {ids[1], ids[2]} <= set(waiting)
    await _approve(project, rows[1])
    await _approve(project, rows[2])
    ended = await graph.ainvoke(answers_to(await graph.aget_state(settings), waiting), settings)
    assert sorted(state for _, state in ended["answered"]) == ["approved", "approved"]


async def test_two_branches_that_ask_about_one_request_are_answered_together(
    project: Project, settings: dict[str, Any]
) -> None:
    row, inside, graph = await _file(project, "a"), await _file(project, "inside"), _many(project)
    await graph.ainvoke({"ids": [row.id, row.id, inside.id]}, settings)
    assert set(pending_requests(await graph.aget_state(settings))) == {row.id, inside.id}
    await _approve(project, row)
    await graph.ainvoke(answer_to(await graph.aget_state(settings), row.id), settings)
    assert pending_requests(await graph.aget_state(settings)) == [inside.id]


async def test_no_answer_is_ever_none_and_none_is_named_for_nothing(project: Project, settings: dict[str, Any]) -> None:
    row, graph = await _file(project, "a"), _asking(project)
    await graph.ainvoke({"ids": [row.id]}, settings)
    snapshot = await graph.aget_state(settings)
    answer = answer_to(snapshot, row.id).resume
    assert list(answer) == [snapshot.interrupts[0].id]
    assert None not in answer.values()
    with pytest.raises(ConflictError, match="nothing is answered"):
        answers_to(snapshot, [])


async def test_a_question_without_an_id_is_not_asked(project: Project, settings: dict[str, Any]) -> None:
    graph = _compiled(lambda _: {"answered": [ask_person({"user_message": "go on?"}, project=project)]})
    with pytest.raises(UsageError, match="no id of a stored request"):
        await graph.ainvoke({"ids": []}, settings)


async def test_a_question_survives_the_process_in_a_file(project: Project, tmp_path: Path) -> None:
    row, settings = await _file(project, "a"), {"configurable": {"thread_id": "t", **strict_resume()}}
    for is_second_process in (False, True):
        async with AsyncSqliteSaver.from_conn_string(str(tmp_path / "checkpoints.db")) as saver:
            saver.serde = JsonPlusSerializer(allowed_msgpack_modules=None)
            graph = _compiled(lambda s: {"answered": [_state_of(project, s["ids"][0])]}, saver)
            if not is_second_process:
                await graph.ainvoke({"ids": [row.id]}, settings, durability="sync")
                continue
            await _approve(project, row)
            ended = await graph.ainvoke(answer_to(await graph.aget_state(settings), row.id), settings)
    assert ended["answered"] == ["approved"]
