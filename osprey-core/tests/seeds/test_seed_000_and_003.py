"""The approval snippets of seeds 000 and 003 (the guides of 0.11.x; they print the same), as they are printed.

What stands there of the agent (`/planning`, `agent.ainvoke`) is run with the agent's own tests.
"""

from __future__ import annotations

import logging
from types import SimpleNamespace
from typing import Any, TypedDict

import pytest

from osprey.approval.interrupts import answer_to

pytestmark = pytest.mark.anyio

logger = logging.getLogger("osprey.seed_000")
SETTINGS: Any = {"configurable": {"thread_id": "session_123"}}


class State(TypedDict, total=False):
    """What the capability keeps."""

    data: dict[str, Any]


@pytest.mark.parametrize("asks", [True, False])
async def test_the_service_is_called_with_automatic_approval_handling(
    desk, chain, python_service, asks: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """Seeds 000 and 003, tab "Python Execution"."""
    caplog.set_level(logging.INFO, logger=logger.name)
    service_config = {"configurable": {"thread_id": "beam", "checkpoint_ns": "python_executor"}}
    get_registry = lambda: SimpleNamespace(get_service={"python_executor": python_service}.get)  # noqa: E731

    def PythonExecutionRequest(**given: Any) -> Any:
        return python_service.new_request(**{**given, **({} if asks else {"task_objective": "read only"})})

    async def beam_analysis(state: State) -> State:
        # fmt: off
        from osprey.approval import handle_service_with_interrupts

        # Get service from registry
        registry = get_registry()
        python_service = registry.get_service("python_executor")

        # Create execution request
        request = PythonExecutionRequest(
            user_query="Read EPICS beam current and create plot",
            task_objective="Analyze beam data",
            capability_prompts=["Use pyepics for PV access"],
            execution_folder_name="beam_analysis"
        )

        # Service handles generation, analysis, approval, execution
        result = await handle_service_with_interrupts(
            service=python_service,
            request=request,
            config=service_config,
            logger=logger,
            capability_name="BeamAnalysis"
        )

        # Access results
        data = result.execution_result.results
        # fmt: on
        return {"data": data}

    with desk.project.activate():
        graph = chain(State, beam_analysis)
        ended = await graph.ainvoke({}, SETTINGS)
        if asks:
            row = await desk.only_request()
            assert f"BeamAnalysis waits for a decision: {row.id}" in caplog.messages
            await desk.approve(row.id)
            ended = await graph.ainvoke(answer_to(await graph.aget_state(SETTINGS), row.id), SETTINGS)
    assert ended["data"]["statistics"] == {"mean": 1.5}
    assert python_service.stages == ["generate", "execute"]
