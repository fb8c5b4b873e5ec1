"""What the `create_*_interrupt` functions file, under every spelling; a node that runs again files nothing more."""

from __future__ import annotations

import dataclasses
import enum
import json
import pathlib
from collections.abc import Callable
from typing import Any, TypedDict

import attrs
import pytest
from langgraph.types import Command, interrupt

from osprey.approval import (
    ask_person,
    card_of,
    create_approval_type,
    create_code_approval_interrupt,
    create_memory_approval_interrupt,
    create_plan_approval_interrupt,
    create_step_approval_interrupt,
)
from osprey.approval.desk import edit
from osprey.approval.executing import grant_approved
from osprey.approval.interrupts import answer_to, pending_requests
from osprey.base import ExecutionPlan, PlannedStep
from osprey.control import ApplyRequest, guard_of
from osprey.errors import RefusedError, UsageError
from osprey.journal import RequestState, journal_of

pytestmark = pytest.mark.anyio

SETTINGS: Any = {"configurable": {"thread_id": "t"}}
STEP = {"context_key": "beam", "capability": "channel_read", "task_objective": "Read the beam current"}
PLAN = {"steps": [STEP]}


class State(TypedDict, total=False):
    """What the graphs of these tests keep."""

    text: str
    answer: Any


def test_a_type_is_the_capability_s_with_its_operation() -> None:
    assert create_approval_type("data_analysis") == "data_analysis"
    assert create_approval_type("memory", "save") == "memory_save"


SPELLINGS: list[tuple[Callable[[], Any], str, dict[str, Any]]] = [
    (
        lambda: create_plan_approval_interrupt(PLAN, "plans/p.json", "plans"),
        "orchestrator_plan",
        {"execution_plan": PLAN, "plan_file_path": "plans/p.json", "pending_plans_dir": "plans"},
    ),
    (
        lambda: create_plan_approval_interrupt(execution_plan=PLAN, step_objective="Look"),
        "orchestrator_plan",
        {"execution_plan": PLAN, "step_objective": "Look", "plan_file_path": None},
    ),
    (
        lambda: create_plan_approval_interrupt(plan=PLAN, task_description="Look"),
        "orchestrator_plan",
        {"execution_plan": PLAN, "step_objective": "Look"},
    ),
    (
        lambda: create_step_approval_interrupt(STEP, 2, PLAN),
        "reactive_orchestrator_step",
        {"step": STEP, "step_number": 2, "execution_plan": PLAN},
    ),
    (
        lambda: create_step_approval_interrupt(step=STEP, plan=PLAN),
        "reactive_orchestrator_step",
        {"step": STEP, "step_number": 1, "execution_plan": PLAN},
    ),
    (
        lambda: create_code_approval_interrupt(
            "x = 1\n", {"a": 1}, "write_access", ["it loops"], "n.ipynb", "http://n"
        ),
        "python_executor",
        {
            "code": "x = 1\n",
            "analysis_details": {"a": 1},
            "execution_mode": "write_access",
            "safety_concerns": ["it loops"],
            "notebook_path": "n.ipynb",
            "notebook_link": "http://n",
            "step_objective": "Execute Python code",
        },
    ),
    (
        lambda: create_memory_approval_interrupt("BEND is slow", "save", "alice"),
        "memory_save",
        {
            "content": "BEND is slow",
            "operation_type": "save",
            "user_id": "alice",
            "existing_memory": "",
            "step_objective": "Save content to memory",
        },
    ),
]


@pytest.mark.parametrize(("build", "kind", "payload"), SPELLINGS)
async def test_each_spelling_files_a_request_that_carries_the_seeds_payload(
    desk, build: Callable[[], Any], kind: str, payload: dict[str, Any]
) -> None:
    with desk.project.activate():
        question = build()
    row = await desk.only_request()
    carried = question["resume_payload"]
    assert (row.kind, row.state) == (kind, RequestState.PENDING)
    assert (carried["approval_id"], carried["sha256"], carried["approval_type"]) == (row.id, row.sha256, kind)
    assert {name: carried[name] for name in payload} == payload
    assert json.loads(json.dumps(question)) == question
    assert f"osprey approvals approve {row.id} --hash {row.sha256[:8]}" in question["user_message"]
    assert "yes" not in question["user_message"].lower()
    assert (await question) is question
    assert card_of(desk.project, row).title == row.title
    assert (await desk.approve(row.id)).state is RequestState.APPROVED


async def test_two_spellings_of_one_thing_must_not_contradict_each_other(desk) -> None:
    with desk.project.activate():
        create_plan_approval_interrupt(PLAN, plan=PLAN, step_objective="a", task_description="a")
        with pytest.raises(UsageError, match="two spellings"):
            create_plan_approval_interrupt(PLAN, plan={"steps": []})
        with pytest.raises(UsageError, match="two spellings"):
            create_plan_approval_interrupt(PLAN, step_objective="a", task_description="b")
        with pytest.raises(UsageError, match="pass execution_plan"):
            create_plan_approval_interrupt(step_objective="a")


@pytest.mark.parametrize(
    "build",
    [
        lambda: create_plan_approval_interrupt({"steps": ["first do this"]}),
        lambda: create_plan_approval_interrupt({"steps": [{"capability": "channel_read"}]}),
        lambda: create_plan_approval_interrupt({**PLAN, "surprise": 1}),
        lambda: create_step_approval_interrupt({"objective": "a"}),
        lambda: create_memory_approval_interrupt("a", "Save It", "alice"),
        lambda: create_memory_approval_interrupt("a", "", "alice"),
        lambda: create_code_approval_interrupt("x", {"when": object()}),
        lambda: create_code_approval_interrupt("x", {"mean": float("nan")}),
        lambda: create_code_approval_interrupt("x", {1: "a"}),
    ],
)
async def test_what_nobody_could_be_shown_exactly_is_not_filed(desk, build: Callable[[], Any]) -> None:
    with desk.project.activate(), pytest.raises(UsageError):
        build()
    assert await desk.requests() == []


async def test_values_of_any_usual_form_are_written_down_as_plain_json(desk) -> None:
    @attrs.frozen
    class Analysis:
        has_epics_writes: bool
        lines: tuple[int, ...]

    @dataclasses.dataclass
    class Request:
        folder: pathlib.Path

    class Mode(enum.Enum):
        READ_ONLY = "read_only"

    class Model:
        def model_dump(self) -> dict[str, Any]:
            return {"statistics": {"b", "a"}}

    with desk.project.activate():
        question = create_code_approval_interrupt(
            code="x = 1\n",
            analysis_details=Analysis(False, (3, 4)),
            execution_mode=Mode.READ_ONLY,
            execution_request=Request(pathlib.Path("/data/a")),
            expected_results=Model(),
        )
    carried = question["resume_payload"]
    assert carried["analysis_details"] == {"has_epics_writes": False, "lines": [3, 4]}
    assert carried["execution_mode"] == "read_only"
    assert carried["execution_request"] == {"folder": "/data/a"}
    assert carried["expected_results"] == {"statistics": ["a", "b"]}


async def test_a_plan_of_osprey_s_own_classes_is_the_same_plan(desk) -> None:
    plan = ExecutionPlan(steps=(PlannedStep(**STEP),))
    with desk.project.activate():
        question = create_plan_approval_interrupt(plan)
    assert question["resume_payload"]["execution_plan"]["steps"][0]["capability"] == "channel_read"
    assert "Read the beam current" in question["user_message"]


async def test_concerns_and_code_are_shown_and_cannot_draw_over_the_message(desk) -> None:
    with desk.project.activate():
        question = create_code_approval_interrupt("print('\x1b[2J')\n", None, "read_only", ["it \x1b[1A loops\u202e"])
    message = question["user_message"]
    assert "it \\u001b[1A loops\\u202e" in message
    assert "print('\\u001b[2J')" in message
    assert not {"\x1b", "\u202e"} & set(message)
    card = card_of(desk.project, await desk.only_request())
    assert card.warnings == ("it \x1b[1A loops\u202e",), "the terminal's inbox shows the concerns as well"


async def test_code_that_is_approved_by_its_text_gives_no_right_to_write(desk) -> None:
    code = "from osprey.runtime import write_channel\nwrite_channel('BEND:CURRENT:SP', 3)\n"
    with desk.project.activate():
        create_code_approval_interrupt(code, {"writes": ["BEND:CURRENT:SP"]}, "write_access")
    row = await desk.only_request()
    await desk.approve(row.id)
    report = await guard_of(desk.project).apply(
        ApplyRequest(request_id=row.id, sha256=row.sha256, actor=desk.person.actor)
    )
    assert report.status == "refused"
    assert report.items == ()


async def test_code_whose_analysis_names_writes_is_still_let_run_once(desk) -> None:
    with desk.project.activate():
        payload = create_code_approval_interrupt("x = 1\n", {"writes": []})["resume_payload"]
    await desk.approve(payload["approval_id"])
    once = (desk.project, payload["approval_id"], payload["sha256"], desk.person.actor)
    assert (await grant_approved(*once)).state is RequestState.DONE
    with pytest.raises(RefusedError):
        await grant_approved(*once)


async def test_a_policy_that_denies_is_raised_and_audited(desk, configure) -> None:
    project = await configure("approval: {policies: {none: {kinds: [memory_*], deny: 'the memory is frozen'}}}\n")
    with project.activate(), pytest.raises(RefusedError, match="the memory is frozen") as refused:
        create_memory_approval_interrupt("a", "save", "alice")
    assert refused.value.rule == "approval.denied"
    journal = journal_of(project)
    assert await journal.requests.list() == []
    assert [row.detail["rule"] for row in await journal.audit.log() if row.event == "refused"] == ["approval.denied"]


def _asking(*builds: Callable[[State], Any], runs: list[str] | None = None) -> Callable[[State], State]:
    """A node that builds and asks its questions with LangGraph's own `interrupt`."""

    def ask(state: State) -> State:
        if runs is not None:
            runs.append("ran")
        return {"answer": [interrupt(build(state)) for build in builds]}

    return ask


def _memory(state: State) -> Any:
    return create_memory_approval_interrupt(state["text"], "save", "alice")


async def test_a_node_that_runs_again_finds_its_request_whatever_became_of_it(desk, chain) -> None:
    runs: list[str] = []
    with desk.project.activate():
        graph = chain(State, _asking(_memory, runs=runs))
        await graph.ainvoke({"text": "a"}, SETTINGS)
        row = await desk.only_request()
        await graph.ainvoke(None, SETTINGS)  # as after a crash
        await desk.approve(row.id)
        await graph.ainvoke(None, SETTINGS)
        snapshot = await graph.aget_state(SETTINGS)
        assert snapshot.interrupts[0].value["resume_payload"]["approval_id"] == row.id
        await graph.ainvoke(answer_to(snapshot, row.id), SETTINGS)
    assert len(runs) == 4
    assert [one.id for one in await desk.requests()] == [row.id]


async def test_another_thread_another_step_and_another_payload_are_other_questions(desk, chain) -> None:
    with desk.project.activate():
        graph = chain(State, _asking(_memory))
        for thread in ("one", "two"):
            for text in ("a", "a", "b"):  # each time a new step: nobody has answered the last
                await graph.ainvoke({"text": text}, {"configurable": {"thread_id": thread}})
    rows = await desk.requests()
    assert len({row.id for row in rows}) == 6
    assert [row.thread for row in rows] == ["one"] * 3 + ["two"] * 3


async def test_two_different_questions_of_one_node_are_two_requests(desk, chain) -> None:
    def other(state: State) -> Any:
        return create_memory_approval_interrupt("other", "save", "alice")

    with desk.project.activate():
        graph = chain(State, _asking(_memory, other))
        await graph.ainvoke({"text": "a"}, SETTINGS)
        first = await desk.only_request()
        await desk.approve(first.id)
        await graph.ainvoke(answer_to(await graph.aget_state(SETTINGS), first.id), SETTINGS)
        second = next(row for row in await desk.requests() if row.id != first.id)
        assert pending_requests(await graph.aget_state(SETTINGS)) == [second.id]


async def test_a_yes_that_was_refused_is_not_kept_for_the_next_question(desk, chain) -> None:
    """LangGraph keeps an answer without an id beside the right one, for the next `interrupt` of the same node."""

    def other(state: State) -> Any:
        return create_memory_approval_interrupt("other", "save", "alice")

    with desk.project.activate():
        graph = chain(State, _asking(_memory, other))
        await graph.ainvoke({"text": "a"}, SETTINGS)
        first = await desk.only_request()
        with pytest.raises(RefusedError):
            await graph.ainvoke(Command(resume={"approved": True}), SETTINGS)
        await desk.approve(first.id)
        await graph.ainvoke(answer_to(await graph.aget_state(SETTINGS), first.id), SETTINGS)
        second = next(row for row in await desk.requests() if row.id != first.id)
        assert pending_requests(await graph.aget_state(SETTINGS)) == [second.id]
        assert second.state is RequestState.PENDING


async def test_the_yes_to_one_question_does_not_answer_the_next_one(desk, chain) -> None:
    """Without strict resume LangGraph gives an answer that comes twice to the second question of the node."""

    def other(state: State) -> Any:
        return create_memory_approval_interrupt("other", "save", "alice")

    with desk.project.activate():
        graph = chain(State, _asking(_memory, other))
        await graph.ainvoke({"text": "a"}, SETTINGS)
        [question] = (await graph.aget_state(SETTINGS)).interrupts
        await desk.approve(question.value["resume_payload"]["approval_id"])
        yes = Command(resume={question.id: {"approved": True, **question.value["resume_payload"]}})
        await graph.ainvoke(yes, SETTINGS)
        [second] = pending_requests(await graph.aget_state(SETTINGS))
        with pytest.raises(RefusedError) as refused:
            await graph.ainvoke(yes, SETTINGS)
        assert refused.value.rule == "approval.other_request"
        assert pending_requests(await graph.aget_state(SETTINGS)) == [second]


async def test_the_yes_to_a_request_of_another_step_does_not_count(desk, chain) -> None:
    with desk.project.activate():
        approved = create_memory_approval_interrupt("other", "save", "alice")["resume_payload"]
        await desk.approve(approved["approval_id"])
        graph = chain(State, _asking(_memory))
        await graph.ainvoke({"text": "a"}, SETTINGS)
        with pytest.raises(RefusedError) as refused:
            await graph.ainvoke(Command(resume={"approved": True, **approved}), SETTINGS)
        assert refused.value.rule == "approval.other_request"


async def test_an_edited_request_answers_the_question_that_it_comes_from(desk, chain) -> None:
    with desk.project.activate():
        graph = chain(State, _asking(_memory))
        await graph.ainvoke({"text": "a"}, SETTINGS)
        edited = await edit(desk.project, (await desk.only_request()).id, {"content": "b"}, desk.person)
        await desk.approve(edited.id)
        ended = await graph.ainvoke(Command(resume={"approved": True, "approval_id": edited.id}), SETTINGS)
    assert ended["answer"] == [{"approved": True, "approval_id": edited.id}]


async def test_outside_of_a_graph_only_what_still_waits_is_the_same_question(desk) -> None:
    def ask() -> str:
        return create_memory_approval_interrupt("a", "save", "alice")["resume_payload"]["approval_id"]

    with desk.project.activate():
        first = ask()
        assert ask() == first
        await desk.approve(first)
        second = ask()
        assert second != first
        await desk.reject(second)
        assert ask() not in (first, second)
        assert create_memory_approval_interrupt("b", "save", "alice")["resume_payload"]["approval_id"] != first


async def test_outside_of_a_graph_the_question_of_a_graph_is_another_one(desk, chain) -> None:
    with desk.project.activate():
        await chain(State, _asking(_memory)).ainvoke({"text": "a"}, SETTINGS)
        in_graph = await desk.only_request()
        outside = create_memory_approval_interrupt("a", "save", "alice")["resume_payload"]["approval_id"]
    assert outside != in_graph.id


async def test_what_was_not_asked_outside_of_a_graph_can_be_asked_in_one(desk, chain) -> None:
    """A question that was filed before is asked by what it gave, and by its id alone."""
    with desk.project.activate():
        question = create_memory_approval_interrupt("a", "save", "alice")
        row = await desk.only_request()
        for asked in (question, row.id):
            graph = chain(State, lambda _, asked=asked: {"answer": str(ask_person(asked).row.state)})
            settings: Any = {"configurable": {"thread_id": f"asks by {type(asked).__name__}"}}
            await graph.ainvoke({}, settings)
            if row.state is RequestState.PENDING:
                row = await desk.approve(row.id)
            ended = await graph.ainvoke(answer_to(await graph.aget_state(settings), row.id), settings)
            assert ended["answer"] == "approved"
