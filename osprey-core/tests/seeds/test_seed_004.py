"""The approval part of seed 004 ("Python Execution Service"): a capability that calls a service which asks.

The capability is printed there on `osprey.base`, a registry and the Python service. What of it is about approval is run
here as it is printed, against a service of the same shape that is a LangGraph graph with a thread of its own.
"""

from __future__ import annotations

import logging
from types import SimpleNamespace
from typing import Any, TypedDict

import pytest
from langgraph.types import Command

from osprey.approval import (
    clear_approval_state,
    create_approval_type,
    get_approval_resume_data,
    handle_service_with_interrupts,
)
from osprey.approval.interrupts import answer_to, pending_requests
from osprey.approval.seeds.resuming import approval_state_of
from osprey.errors import RefusedError
from osprey.utils.config import get_full_configuration

pytestmark = pytest.mark.anyio

logger = logging.getLogger("osprey.seed_004")
RESULTS = {"statistics": {"mean": 1.5}, "task": "Analyze the beam"}
SETTINGS: Any = {"configurable": {"thread_id": "turn-1"}}


class DataAnalysisCapability:
    """Capability using Python execution service."""

    def __init__(self, python_service: Any, new_request: Any, state: Any) -> None:
        self._python_service = python_service
        self._new_request = new_request
        self._state = state
        self._step = {"context_key": "data"}

    def get_task_objective(self) -> str:
        return "Analyze the beam"

    def store_output_context(self, context: dict[str, Any]) -> dict[str, Any]:
        return {"contexts": context}

    async def execute(self) -> dict[str, Any]:
        registry = SimpleNamespace(get_service={"python_executor": self._python_service}.get)
        PythonExecutionRequest = self._new_request  # noqa: N806 - as it is printed
        # fmt: off
        python_service = registry.get_service("python_executor")

        # Service configuration
        main_configurable = get_full_configuration()
        service_config = {
            "configurable": {
                **main_configurable,
                "thread_id": f"analysis_{self._step.get('context_key', 'default')}",
                "checkpoint_ns": "python_executor"
            }
        }

        # Check for approval resume
        has_approval_resume, approved_payload = get_approval_resume_data(
            self._state, create_approval_type("data_analysis")
        )

        if has_approval_resume:
            # Resume after approval
            resume_response = {"approved": True, **approved_payload} if approved_payload else {"approved": False}
            service_result = await python_service.ainvoke(
                Command(resume=resume_response), config=service_config
            )
            approval_cleanup = clear_approval_state()
        else:
            # Normal execution
            capability_prompts = [
                "**ANALYSIS REQUIREMENTS:**",
                "- Generate statistical summary of the data",
                "- Create visualizations to identify trends",
                "**EXPECTED OUTPUT:**",
                "- statistics: Statistical summary metrics",
                "- visualizations: List of generated plots"
            ]

            execution_request = PythonExecutionRequest(
                user_query=self._state.get("input_output", {}).get("user_query", ""),
                task_objective=self.get_task_objective(),
                capability_prompts=capability_prompts,
                expected_results={
                    "statistics": "dict",
                    "visualizations": "list"
                },
                execution_folder_name="data_analysis",
                capability_context_data=self._state.get('capability_context_data', {})
            )

            service_result = await handle_service_with_interrupts(
                service=python_service,
                request=execution_request,
                config=service_config,
                logger=logger,
                capability_name="DataAnalysis"
            )
            approval_cleanup = None

        # Process results
        context_updates = self.store_output_context({
            "analysis": service_result.execution_result.results
        })

        return {**context_updates, **approval_cleanup} if approval_cleanup else context_updates
        # fmt: on


class State(TypedDict, total=False):
    """The state of the agent, as far as the capability looks at it."""

    contexts: dict[str, Any]
    approval_approved: bool | None
    approved_payload: dict[str, Any] | None


def _agent(chain: Any, service: Any) -> Any:
    async def data_analysis(state: State) -> Any:
        return await DataAnalysisCapability(service, service.new_request, state).execute()

    return chain(State, data_analysis)


async def _asked(desk: Any, chain: Any, service: Any) -> tuple[Any, Any, str]:
    graph = _agent(chain, service)
    await graph.ainvoke({}, SETTINGS)
    snapshot = await graph.aget_state(SETTINGS)
    [request_id] = pending_requests(snapshot)
    return service, graph, request_id


def _with_state(desk: Any, snapshot: Any, request_id: str) -> Command[Any]:
    """What an interface resumes the graph with."""
    state = approval_state_of(desk.project, request_id)
    return Command(resume=answer_to(snapshot, request_id).resume, update=state)


async def test_the_agent_waits_for_what_the_service_asks(desk, chain, python_service) -> None:
    """Seed 004, "Using Python Execution in Capabilities"."""
    with desk.project.activate():
        service, graph, request_id = await _asked(desk, chain, python_service)
        row = await desk.only_request()
    assert (row.id, row.kind) == (request_id, "python_executor")
    assert row.presentation["approval_types"] == ["data_analysis", "DataAnalysis"]
    assert service.stages == ["generate"]
    [question] = (await graph.aget_state(SETTINGS)).interrupts
    assert question.value["resume_payload"]["approval_types"] == ["python_executor", "data_analysis", "DataAnalysis"]


async def test_the_capability_resumes_the_service_with_what_was_approved(desk, chain, python_service) -> None:
    """Seed 004, "Using Python Execution in Capabilities": the branch of `has_approval_resume`."""
    with desk.project.activate():
        service, graph, request_id = await _asked(desk, chain, python_service)
        await desk.approve(request_id)
        snapshot = await graph.aget_state(SETTINGS)
        ended = await graph.ainvoke(_with_state(desk, snapshot, request_id), SETTINGS)
    assert ended["contexts"] == {"analysis": RESULTS}
    assert service.stages == ["generate", "execute"]
    assert (ended["approval_approved"], ended["approved_payload"]) == (None, None)
    assert [row.id for row in await desk.requests()] == [request_id]


async def test_an_agent_that_only_gets_the_answer_goes_on_as_well(desk, chain, python_service) -> None:
    """Seed 004: the branch of `handle_service_with_interrupts` is run again, and does not start the service anew."""
    with desk.project.activate():
        service, graph, request_id = await _asked(desk, chain, python_service)
        await desk.approve(request_id)
        ended = await graph.ainvoke(answer_to(await graph.aget_state(SETTINGS), request_id), SETTINGS)
    assert ended["contexts"] == {"analysis": RESULTS}
    assert service.stages == ["generate", "execute"]
    assert [row.id for row in await desk.requests()] == [request_id]


@pytest.mark.parametrize("way", ["the state", "the answer"])
async def test_a_no_ends_the_step(desk, chain, python_service, way: str) -> None:
    """Seed 004: `{"approved": False}`."""
    with desk.project.activate():
        service, graph, request_id = await _asked(desk, chain, python_service)
        await desk.reject(request_id)
        snapshot = await graph.aget_state(SETTINGS)
        answer = _with_state(desk, snapshot, request_id) if way == "the state" else answer_to(snapshot, request_id)
        ended = await graph.ainvoke(answer, SETTINGS)
    assert ended["contexts"] == {"analysis": {}}
    assert service.stages == ["generate"]


@pytest.mark.parametrize(
    ("forged", "rule"),
    [
        (Command(update={"approval_approved": True, "approved_payload": {}}), "approval.no_id"),
        (Command(update={"approval_approved": True, "approved_payload": None}), "approval.no_id"),
        (Command(update={"approval_approved": True, "approved_payload": {"code": "x"}}), "approval.no_id"),
        (Command(resume={"approved": True}), "approval.no_id"),
        (Command(resume={"approved": True, "approval_id": "{id}"}), "approval.pending"),
        (Command(resume="yes"), "approval.no_id"),
    ],
)
async def test_a_yes_that_nobody_gave_reaches_nothing(
    desk, chain, python_service, forged: Command[Any], rule: str
) -> None:
    """Seed 004: `Command(resume={"approved": True, **approved_payload})` counts with a stored approval only."""
    with desk.project.activate():
        service, graph, request_id = await _asked(desk, chain, python_service)
        if isinstance(forged.resume, dict) and "approval_id" in forged.resume:
            forged = Command(resume={**forged.resume, "approval_id": request_id})
        with pytest.raises(RefusedError) as refused:
            await graph.ainvoke(forged, SETTINGS)
        assert refused.value.rule == rule
        assert await desk.refusals() == [rule]
        assert service.stages == ["generate"]
        if forged.update is not None:
            return  # LangGraph takes one update for a step: this thread is not resumed any more
        await desk.approve(request_id)
        await graph.ainvoke(_with_state(desk, await graph.aget_state(SETTINGS), request_id), SETTINGS)
    assert service.stages == ["generate", "execute"]


async def test_the_service_itself_refuses_a_yes_without_an_id(desk, python_service) -> None:
    """Seed 004: `python_service.ainvoke(Command(resume={"approved": True}))`."""
    service = python_service
    request = service.new_request(user_query="", task_objective="Analyze the beam")
    config = {"configurable": {"thread_id": "analysis_default", "checkpoint_ns": "python_executor"}}
    with desk.project.activate():
        await service.ainvoke(request, config=config)
        with pytest.raises(RefusedError) as refused:
            await service.ainvoke(Command(resume={"approved": True}), config=config)
        assert refused.value.rule == "approval.no_id"
        row = await desk.only_request()
        await desk.approve(row.id)
        payload = {"approval_id": row.id, "sha256": row.sha256, "code": "# Analyze the beam\n"}
        result = await service.ainvoke(Command(resume={"approved": True, **payload}), config=config)
    assert result.execution_result.results == RESULTS


async def test_a_pipeline_asks_stage_by_stage_and_runs_no_stage_twice(desk, chain, python_service) -> None:
    """Seed 004, "Multi-Stage Pipelines": two calls in one node, of which each waits for a person."""
    PythonExecutionRequest = python_service.new_request  # noqa: N806 - as it is printed

    async def multi_stage_analysis(state: State) -> Any:
        main_configurable, data_context = get_full_configuration(), {"beam": 1}
        # fmt: off
        # Stage 1: Preprocessing
        stage1_config = {
            "configurable": {
                **main_configurable,
                "thread_id": "stage1_preprocessing",
                "checkpoint_ns": "python_executor"
            }
        }

        preprocessing_request = PythonExecutionRequest(
            user_query="Data preprocessing",
            task_objective="Clean and prepare data",
            capability_context_data=data_context
        )

        stage1_result = await handle_service_with_interrupts(
            service=python_service,
            request=preprocessing_request,
            config=stage1_config,
            logger=logger,
            capability_name="PreprocessingStage"
        )

        # Stage 2: Analysis (using results from stage 1)
        stage2_config = {
            "configurable": {
                **main_configurable,
                "thread_id": "stage2_analysis",
                "checkpoint_ns": "python_executor"
            }
        }

        stage2_context = {
            **data_context,
            "preprocessing_results": stage1_result.execution_result.results
        }

        analysis_request = PythonExecutionRequest(
            user_query="Statistical analysis",
            task_objective="Analyze preprocessed data",
            capability_prompts=["- Perform comprehensive statistical analysis"],
            capability_context_data=stage2_context
        )

        stage2_result = await handle_service_with_interrupts(
            service=python_service,
            request=analysis_request,
            config=stage2_config,
            logger=logger,
            capability_name="AnalysisStage"
        )
        # fmt: on
        results = (stage1_result.execution_result.results, stage2_result.execution_result.results)
        return {"contexts": {"tasks": [result["task"] for result in results]}}

    with desk.project.activate():
        graph = chain(State, multi_stage_analysis)
        await graph.ainvoke({}, SETTINGS)
        for kind in ("preprocessing_stage", "analysis_stage"):
            snapshot = await graph.aget_state(SETTINGS)
            [request_id] = pending_requests(snapshot)
            row = await desk.approve(request_id)
            assert kind in row.presentation["approval_types"]
            ended = await graph.ainvoke(answer_to(snapshot, request_id), SETTINGS)
    assert ended["contexts"] == {"tasks": ["Clean and prepare data", "Analyze preprocessed data"]}
    assert python_service.stages == ["generate", "execute", "generate", "execute"]
    assert len(await desk.requests()) == 2
