"""The approval snippets of seed 002 ("Production Systems" of the Alpha Berkeley Framework), run as they are printed.

Only missing imports and the variables that a snippet never defines are added.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, TypedDict

import pytest
from langgraph.types import Command, interrupt

from osprey.approval import (
    create_code_approval_interrupt,
    create_plan_approval_interrupt,
    get_python_execution_evaluator,
)
from osprey.approval.interrupts import answer_to, pending_requests
from osprey.errors import RefusedError
from osprey.journal import RequestState

pytestmark = pytest.mark.anyio

SETTINGS: Any = {"configurable": {"thread_id": "session_123"}}
PLAN = {
    "steps": [
        {
            "context_key": "beam",
            "capability": "channel_read",
            "task_objective": "Read the beam current",
            "success_criteria": "a value",
            "expected_output": "CHANNEL_VALUES",
            "parameters": None,
            "inputs": None,
        }
    ]
}


class State(TypedDict, total=False):
    """What the orchestrator of the snippet keeps."""

    task: str
    runs: int
    answer: Any


def _orchestrator() -> Any:
    """The node of the tab "Orchestrator Approval"."""
    active_capabilities = ["channel_read"]

    async def create_execution_plan(*, task: str, capabilities: list[str]) -> dict[str, Any]:
        assert (task, capabilities) == ("Analyze beam performance and adjust parameters", active_capabilities)
        return PLAN

    async def orchestrate(state: State) -> State:
        current_task = state["task"]
        # fmt: off
        # Orchestrator creates complete execution plan
        execution_plan = await create_execution_plan(
            task=current_task,
            capabilities=active_capabilities
        )

        # Human approval of entire plan before execution
        interrupt_data = create_plan_approval_interrupt(
            execution_plan=execution_plan,
            step_objective=current_task
        )
        interrupt(interrupt_data)  # LangGraph native interrupt
        # fmt: on
        return {"answer": "the plan goes on"}

    return orchestrate


async def _asked(desk: Any, chain: Any) -> Any:
    graph = chain(State, _orchestrator())
    await graph.ainvoke({"task": "Analyze beam performance and adjust parameters"}, SETTINGS)
    return graph


async def test_the_plan_waits_for_a_person_and_goes_on_with_the_decision(desk, chain) -> None:
    """Seed 002, tab "Orchestrator Approval"."""
    with desk.project.activate():
        graph = await _asked(desk, chain)
        row = await desk.only_request()
        snapshot = await graph.aget_state(SETTINGS)
        assert pending_requests(snapshot) == [row.id]
        assert (row.kind, row.thread) == ("orchestrator_plan", "session_123")
        await desk.approve(row.id)
        payload = snapshot.interrupts[0].value["resume_payload"]
        ended = await graph.ainvoke(Command(resume={"approved": True, **payload}), SETTINGS)
    assert ended["answer"] == "the plan goes on"
    assert [one.id for one in await desk.requests()] == [row.id], "the node ran twice and filed once"


async def test_the_question_says_how_to_decide_and_asks_for_no_word(desk, chain) -> None:
    """Seed 002, tab "Orchestrator Approval": rich context."""
    with desk.project.activate():
        graph = await _asked(desk, chain)
    row = await desk.only_request()
    [question] = (await graph.aget_state(SETTINGS)).interrupts
    message = question.value["user_message"]
    assert "Read the beam current" in message
    assert f"osprey approvals show {row.id}" in message
    assert f"osprey approvals approve {row.id} --hash {row.sha256[:8]}" in message
    assert not {"yes", "`no`", "respond"} & set(message.lower().split())


@pytest.mark.parametrize(
    ("answer", "rule"),
    [({"approved": True}, "approval.no_id"), ({"approved": True, "approval_id": "{id}"}, "approval.pending")],
)
async def test_a_yes_that_nobody_gave_does_not_let_the_plan_go_on(desk, chain, answer: Any, rule: str) -> None:
    """Seed 002, tab "Orchestrator Approval", with LangGraph's own `interrupt`, which gives any answer to the node."""
    with desk.project.activate():
        graph = await _asked(desk, chain)
        row = await desk.only_request()
        forged = {key: value.format(id=row.id) if isinstance(value, str) else value for key, value in answer.items()}
        with pytest.raises(RefusedError) as refused:
            await graph.ainvoke(Command(resume=forged), SETTINGS)
        assert refused.value.rule == rule
        assert await desk.refusals() == [rule]
        await desk.approve(row.id)
        ended = await graph.ainvoke(answer_to(await graph.aget_state(SETTINGS), row.id), SETTINGS)
    assert ended["answer"] == "the plan goes on"


@pytest.mark.parametrize("writes", [True, False])
async def test_code_is_asked_for_as_its_analysis_says(desk, writes: bool) -> None:
    """Seed 002, tab "Python Execution"."""
    generated_code, execution_mode = "print('SR:BEAM')\n", "read_only"
    ran: list[str] = []

    async def analyze_code_security(code: str) -> Any:
        assert code == generated_code
        return SimpleNamespace(has_epics_writes=writes, has_epics_reads=True)

    async def execute_in_container(code: str, environment: Any) -> str:
        ran.append(code)
        return "done"

    code, environment, approval_result = generated_code, {}, None
    with desk.project.activate():
        # fmt: off
        # Security analysis determines approval requirements
        analysis = await analyze_code_security(generated_code)

        # Domain-specific approval policies
        approval_evaluator = get_python_execution_evaluator()
        decision = approval_evaluator.evaluate(
            has_epics_writes=analysis.has_epics_writes,
            has_epics_reads=analysis.has_epics_reads
        )

        if decision.needs_approval:
            approval_result = await create_code_approval_interrupt(
                code=generated_code,
                analysis_details=analysis,
                execution_mode=execution_mode
            )

        # Container-isolated execution
        result = await execute_in_container(code, environment)
        # fmt: on
    assert (result, ran) == ("done", [generated_code])
    if not writes:
        assert approval_result is None
        assert await desk.requests() == []
        return
    row = await desk.only_request()
    assert row.state is RequestState.PENDING
    assert approval_result is not None
    assert approval_result["resume_payload"]["approval_id"] == row.id
    assert approval_result["resume_payload"]["analysis_details"] == {"has_epics_writes": True, "has_epics_reads": True}
    assert generated_code in approval_result["user_message"]
