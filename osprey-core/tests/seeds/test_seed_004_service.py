"""Seed 004 ("Python Execution Service"), as it is printed, on the real service: sandbox, guard, journal and all."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from importlib import import_module
from pathlib import Path
from typing import Any, TypedDict

import pandas as pd
import pytest
from langgraph.errors import GraphInterrupt
from langgraph.types import Command

from osprey.approval import (
    clear_approval_state,
    create_approval_type,
    get_approval_resume_data,
    handle_service_with_interrupts,
)
from osprey.approval.interrupts import answer_to, pending_requests
from osprey.approval.seeds.resuming import approval_state_of
from osprey.plugins import LoadOptions
from osprey.project import open_project
from osprey.registry import get_registry
from osprey.services.python_executor import PythonExecutionRequest
from osprey.services.python_executor.exceptions import CodeRuntimeError
from osprey.utils.config import get_full_configuration

from .conftest import CONFIG, LIMITS, Desk

pytestmark = [pytest.mark.anyio, pytest.mark.sandbox]

logger = logging.getLogger("osprey.seed_004")
SETTINGS: Any = {"configurable": {"thread_id": "turn-1"}}
ANALYSIS = "results = {'statistics': {'mean': 1.5}, 'visualizations': []}\n"
ALL_CODE = "approval: {capabilities: {python_execution: {enabled: true, mode: all_code}}}\n"
PLUGIN = '''
"""A generator that writes by objective, and keeps how it was asked."""

from osprey.api import Generator, hookimpl

CODES, ASKED = {}, []


@hookimpl
def osprey_generators():
    yield Generator(name="domain_specific", summary="s", implementation="seed_generator:DomainSpecificGenerator")


class DomainSpecificGenerator:
    def __init__(self, model_config: dict | None = None):
        self.model_config = model_config or {}

    async def generate_code(self, request, error_chain):
        ASKED.append(request)
        return CODES[request.task_objective]
'''


class State(TypedDict, total=False):
    """The state of the agent, as far as a capability looks at it."""

    contexts: dict[str, Any]
    capability_context_data: dict[str, Any]
    approval_approved: bool | None
    approved_payload: dict[str, Any] | None


@pytest.fixture
async def open_desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Callable[..., Any]]:
    """Opens a project whose generator writes by the objective, as the current one."""
    import sys

    (tmp_path / "seed_generator.py").write_text(PLUGIN, encoding="utf-8")
    (tmp_path / "limits.yml").write_text(LIMITS, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    sys.modules.pop("seed_generator", None)
    async with AsyncExitStack() as opened:

        async def open_one(codes: dict[str, str], more: str = "") -> Desk:
            text = f"{CONFIG}execution: {{code_generator: domain_specific}}\n{more}"
            (tmp_path / "config.yml").write_text(text, encoding="utf-8")
            options = LoadOptions(local=(tmp_path / "seed_generator.py",))
            project = await opened.enter_async_context(open_project(tmp_path, options=options))
            opened.enter_context(project.activate())
            import_module("seed_generator").CODES.update(codes)
            return Desk(project)

        yield open_one
    sys.modules.pop("seed_generator", None)


def generator_asked() -> list[PythonExecutionRequest]:
    return import_module("seed_generator").ASKED


class DataAnalysisCapability:
    """Capability using Python execution service."""

    def __init__(self, state: Any) -> None:
        self._state = state
        self._step = {"context_key": "data"}

    def get_task_objective(self) -> str:
        return "Analyze the beam"

    def store_output_context(self, context: dict[str, Any]) -> dict[str, Any]:
        return {"contexts": context}

    async def execute(self) -> dict[str, Any]:
        # fmt: off
        registry = get_registry()
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


def _agent(chain: Any) -> Any:
    async def data_analysis(state: State) -> Any:
        return await DataAnalysisCapability(state).execute()

    return chain(State, data_analysis)


async def test_a_capability_gets_the_results_of_the_service(open_desk, chain) -> None:
    """Seed 004, "Using Python Execution in Capabilities"."""
    await open_desk({"Analyze the beam": ANALYSIS})
    ended = await _agent(chain).ainvoke({"capability_context_data": {"beam": 1}}, SETTINGS)
    assert ended["contexts"] == {"analysis": {"statistics": {"mean": 1.5}, "visualizations": []}}
    [request] = generator_asked()
    assert request.capability_prompts[0] == "**ANALYSIS REQUIREMENTS:**"
    assert request.capability_context_data == {"beam": 1}


@pytest.mark.parametrize("way", ["the state", "the answer"])
@pytest.mark.parametrize("is_approved", [True, False])
async def test_the_agent_waits_for_what_the_service_asks_and_goes_on(open_desk, chain, way, is_approved) -> None:
    """Seed 004: both branches of `has_approval_resume`, for a yes and for a no."""
    desk = await open_desk({"Analyze the beam": ANALYSIS}, ALL_CODE)
    graph = _agent(chain)
    await graph.ainvoke({}, SETTINGS)
    snapshot = await graph.aget_state(SETTINGS)
    [request_id] = pending_requests(snapshot)
    row = await desk.only_request()
    assert row.id == request_id
    assert row.presentation["approval_types"] == ["data_analysis", "DataAnalysis"]
    await (desk.approve if is_approved else desk.reject)(request_id)
    answer = answer_to(snapshot, request_id)
    if way == "the state":
        answer = Command(resume=answer.resume, update=approval_state_of(desk.project, request_id))
    ended = await graph.ainvoke(answer, SETTINGS)
    expected = {"statistics": {"mean": 1.5}, "visualizations": []} if is_approved else {}
    assert ended["contexts"] == {"analysis": expected}
    assert len(generator_asked()) == len(await desk.requests()) == 1


async def test_the_direct_pattern_gives_one_type_on_both_paths(open_desk) -> None:
    """Seeds 000 to 004: the service called by itself, and resumed."""
    desk = await open_desk({"Analyze the beam": ANALYSIS}, ALL_CODE)
    service = get_registry().get_service("python_executor")
    config = {
        "configurable": {
            **get_full_configuration(),
            "thread_id": "dynamic_execution",
            "checkpoint_ns": "python_executor",
        }
    }
    request = PythonExecutionRequest(user_query="Analyze", task_objective="Analyze the beam")
    with pytest.raises(GraphInterrupt):
        await service.ainvoke(request, config=config)
    row = await desk.only_request()
    await desk.approve(row.id)
    result = await service.ainvoke(Command(resume={"approved": True, "approval_id": row.id}), config=config)
    assert result.execution_result.results["statistics"] == {"mean": 1.5}
    assert result.generated_code == ANALYSIS


CLEANING = """\
import numpy as np
import pandas as pd
from osprey.runtime import inputs

frame = pd.DataFrame({
    "current": [401.5, np.nan, 399.25],
    "when": pd.to_datetime(["2026-01-01 08:00", "2026-01-01 09:00", None]).tz_localize("Europe/Zurich"),
    "valid": pd.array([True, None, False], dtype="boolean"),
    "name": ["BPM01", None, "BPM03"],
}, index=pd.Index([3, 5, 8], name="turn"))
results = {"cleaned_data": frame, "waveform": np.arange(200_000, dtype="float32"), "beam": inputs["beam"]}
"""
STATISTICS = """\
from osprey.runtime import inputs

earlier = inputs["preprocessing_results"]
frame = earlier["cleaned_data"]
results = {
    "statistics": {"mean": float(frame["current"].mean()), "dtypes": [str(one) for one in frame.dtypes]},
    "waveform": [str(earlier["waveform"].dtype), float(earlier["waveform"].sum())],
}
"""


async def test_a_table_arrives_in_the_next_stage_as_the_same_table(open_desk, chain) -> None:
    """Seed 004, "Multi-Stage Pipelines": as printed, with a person who reads the code of each stage."""
    objectives = {"Clean and prepare data": CLEANING, "Analyze preprocessed data": STATISTICS}
    desk = await open_desk(objectives, ALL_CODE)
    stages: list[Any] = []

    async def multi_stage_analysis(state: State) -> Any:
        data_context = {"beam": 7}
        # fmt: off
        registry = get_registry()
        python_service = registry.get_service("python_executor")
        main_configurable = get_full_configuration()

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
            capability_prompts=[
                "- Handle missing values and outliers",
                "- Prepare data for statistical analysis"
            ],
            expected_results={"cleaned_data": "pandas.DataFrame"},
            execution_folder_name="stage1_preprocessing",
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
            expected_results={"statistics": "dict"},
            execution_folder_name="stage2_analysis",
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
        stages.extend((stage1_result, stage2_result))
        return {"contexts": {"analysis": stage2_result.execution_result.results}}

    graph = chain(State, multi_stage_analysis)
    await graph.ainvoke({}, SETTINGS)
    for _ in objectives:
        snapshot = await graph.aget_state(SETTINGS)
        [request_id] = pending_requests(snapshot)
        await desk.approve(request_id)
        ended = await graph.ainvoke(answer_to(snapshot, request_id), SETTINGS)
    whole: dict[str, Any] = {}
    exec(CLEANING.replace("from osprey.runtime import inputs", "inputs = {'beam': 7}"), whole)  # noqa: S102 - ours
    expected: pd.DataFrame = whole["frame"]
    first, _second = stages
    found = first.execution_result.results
    pd.testing.assert_frame_equal(found["cleaned_data"], expected)
    assert found["waveform"].dtype == "float32"
    assert (found["waveform"] == whole["results"]["waveform"]).all()
    pd.testing.assert_frame_equal(
        generator_asked()[-1].capability_context_data["preprocessing_results"]["cleaned_data"], expected
    )
    assert ended["contexts"]["analysis"] == {
        "statistics": {"mean": 400.375, "dtypes": [str(one) for one in expected.dtypes]},
        "waveform": ["float32", float(whole["results"]["waveform"].sum())],
    }
    assert [request.task_objective for request in generator_asked()] == list(objectives)
    strict = (first.execution_result.folder_path / "results.json").read_text()
    assert json.loads(strict, parse_constant=pytest.fail)["waveform"]["file"] == "arrays/array_01.npy"


async def test_a_node_that_runs_again_after_a_failure_has_it_tried_anew(open_desk, chain) -> None:
    """Seed 004: what failed and wrote nothing is no result that a call would be told again."""
    await open_desk({"Analyze the beam": "raise RuntimeError('for now')"})
    graph = _agent(chain)
    with pytest.raises(CodeRuntimeError, match="for now"):
        await graph.ainvoke({}, SETTINGS)
    import_module("seed_generator").CODES["Analyze the beam"] = ANALYSIS
    ended = await graph.ainvoke(None, SETTINGS)
    assert ended["contexts"]["analysis"]["statistics"] == {"mean": 1.5}


async def test_two_callers_with_one_service_thread_do_not_meet(open_desk, chain) -> None:
    """Seed 004: `thread_id` is built from a context key, which two sessions share."""
    desk = await open_desk({"Analyze the beam": ANALYSIS}, ALL_CODE)
    graphs = [(_agent(chain), {"configurable": {"thread_id": name}}) for name in ("turn-1", "turn-2")]
    for graph, settings in graphs:
        await graph.ainvoke({}, settings)
    asked = [pending_requests(await graph.aget_state(settings)) for graph, settings in graphs]
    assert len({request for [request] in asked}) == len(await desk.requests()) == 2
    for (graph, settings), [request_id] in zip(graphs, asked, strict=True):
        await desk.approve(request_id)
        ended = await graph.ainvoke(answer_to(await graph.aget_state(settings), request_id), settings)
        assert ended["contexts"]["analysis"]["statistics"] == {"mean": 1.5}


async def test_the_configuration_fits_a_configurable_and_holds_no_secret(open_desk) -> None:
    """Seed 004: `get_full_configuration()`."""
    await open_desk({}, "api: {providers: {openai: {api_key: sk-a-secret}}}\n")
    plain = get_full_configuration()
    assert type(plain) is dict
    assert "sk-a-secret" not in json.dumps(plain)
    assert plain["python_executor"] == {
        "execution_timeout_seconds": 600.0,
        "max_generation_retries": 3,
        "max_execution_retries": 3,
    }


@pytest.mark.parametrize(
    ("module", "names"),
    [
        ("osprey.services.python_executor", "PythonExecutionRequest PythonExecutorService PythonServiceResult"),
        ("osprey.services.python_executor.models", "PythonExecutionRequest PythonServiceResult PythonExecutionSuccess"),
        ("osprey.services.python_executor.service", "PythonExecutorService"),
        ("osprey.services.python_executor.exceptions", "ChannelLimitsViolationError MaxAttemptsExceededError"),
        (
            "osprey.services.python_executor.exceptions",
            "CodeGenerationError CodeRuntimeError CodeSyntaxError ContainerConnectivityError",
        ),
    ],
)
def test_the_seeds_import_paths_hold(module: str, names: str) -> None:
    """Seed 004, and the reference of its predecessor."""
    found = import_module(module)
    assert [name for name in names.split() if not hasattr(found, name)] == []


def test_an_error_of_a_generator_is_built_as_it_is_printed() -> None:
    """Seed 004, "Implementing the Protocol"."""
    from osprey.services.python_executor.exceptions import CodeGenerationError

    error_chain = ["NameError: undefined variable"]
    error = CodeGenerationError(
        "Domain-specific generation failed: x",
        generation_attempt=len(error_chain) + 1,
        error_chain=error_chain,
    )
    assert (error.generation_attempt, error.error_chain) == (2, error_chain)
