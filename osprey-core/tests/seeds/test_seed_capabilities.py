"""The capabilities that the seeds print, as they are printed, in real turns of the kernel.

Seeds 000 and 003 (tab "Memory Integration" of 0.11.x), 002 (the same tab of the Alpha Berkeley Framework), and 004
("Using Python Execution in Capabilities"). Data sources, and a Python service to be called, are not part of this
version: what a snippet uses of them stands here as the variables that it does not define.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from osprey.agent.session import open_agent
from osprey.agent.state import TurnStatus
from osprey.approval import identity_of
from osprey.approval.desk import approve
from osprey.base import ExecutionPlan, PlannedStep
from osprey.journal import journal_of
from osprey.plugins import LoadOptions
from osprey.project import open_project

pytestmark = pytest.mark.anyio

HEAD = '''
"""A facility's capabilities, written against the predecessor."""

from types import SimpleNamespace

from osprey.api import Capability, hookimpl
from osprey.base import AgentState, BaseCapability, capability_node

ASKED = []


@hookimpl
def osprey_capabilities():
    yield Capability(name="data_analysis", summary="analysis", implementation=f"{__name__}:DataAnalysisCapability")
'''

SEED_000 = """
class _Sources:
    async def retrieve_all_context(self, request):
        ASKED.append(request)
        memories = SimpleNamespace(data=["the corrector is in use"])
        return SimpleNamespace(context_data={"core_user_memory": memories})


def get_data_source_manager():
    return _Sources()


def DataSourceRequester(component_type, component_name):
    return (component_type, component_name)


def create_data_source_request(state, requester):
    return {"query": state.current_task, "user": state["user_id"], "requester": requester}


@capability_node
class DataAnalysisCapability(BaseCapability):
    async def execute(state: AgentState, **kwargs):
        # Retrieve user memory through data source integration
        data_manager = get_data_source_manager()
        requester = DataSourceRequester("capability", "data_analysis")
        request = create_data_source_request(state, requester)
        retrieval_result = await data_manager.retrieve_all_context(request)

        # Access memory context from data sources
        user_memory_context = retrieval_result.context_data.get("core_user_memory")
        if user_memory_context:
            user_memories = user_memory_context.data  # UserMemories object
            # Use memory data to enhance analysis
            return {"used": user_memories, "asked": request}
"""

SEED_002 = """
class _Memory:
    async def get_user_context(self, *, user_id, context_window):
        return f"{user_id.partition(':')[0]} for {context_window} days"


memory_provider = _Memory()


async def analyze_with_memory(*, current_data, historical_context):
    return {"data": current_data, "history": historical_context}


@capability_node
class DataAnalysisCapability(BaseCapability):
    async def execute(state: AgentState, **kwargs):
        # Automatic memory integration
        user_context = await memory_provider.get_user_context(
            user_id=state.user_id,
            context_window=30  # days
        )

        # Enhanced analysis with historical context
        analysis = await analyze_with_memory(
            current_data=state.current_task,
            historical_context=user_context
        )
        return analysis
"""

SEED_004 = """
from osprey.approval import (
    create_approval_type,
    get_approval_resume_data,
    clear_approval_state,
)
from osprey.utils.config import get_full_configuration


@capability_node
class DataAnalysisCapability(BaseCapability):
    \"\"\"Capability using Python execution service.\"\"\"

    async def execute(self) -> dict:
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
        assert not has_approval_resume

        execution_request = dict(
            user_query=self._state.get("input_output", {}).get("user_query", ""),
            task_objective=self.get_task_objective(),
            capability_context_data=self._state.get('capability_context_data', {})
        )
        ASKED.append(execution_request)
        approval_cleanup = clear_approval_state()

        # Process results
        context_updates = self.store_output_context({
            "analysis": {**execution_request, "thread": service_config["configurable"]["thread_id"]}
        })

        return {**context_updates, **approval_cleanup} if approval_cleanup else context_updates
"""


SEED_004_ASKING = """
import logging

from seed_services import python_service
from osprey.approval import handle_service_with_interrupts

logger = logging.getLogger("seed_004")


@capability_node
class DataAnalysisCapability(BaseCapability):
    async def execute(self) -> dict:
        service_config = {
            "configurable": {
                "thread_id": f"analysis_{self._step.get('context_key', 'default')}",
                "checkpoint_ns": "python_executor"
            }
        }
        service_result = await handle_service_with_interrupts(
            service=python_service,
            request=python_service.new_request(user_query="", task_objective=self.get_task_objective()),
            config=service_config,
            logger=logger,
            capability_name="DataAnalysis"
        )

        # Process results
        context_updates = self.store_output_context({
            "analysis": service_result.execution_result.results
        })
        return context_updates
"""
CONFIG = "control_system: {default_target: m, targets: {m: {connector: mock, posture: simulation}}}\n"


@pytest.fixture
async def carry_out(tmp_path: Path) -> AsyncIterator[Any]:
    """Runs a plan of one step of the printed capability, after a step that leaves something behind."""

    async def run(snippet: str) -> tuple[Any, dict[str, Any]]:
        plugin = tmp_path / "facility.py"
        plugin.write_text(HEAD + snippet, encoding="utf-8")
        (tmp_path / "config.yml").write_text(CONFIG, encoding="utf-8")
        steps = (
            PlannedStep(
                context_key="when",
                capability="time_range",
                task_objective="When",
                parameters={"text": "last 2 hours"},
            ),
            PlannedStep(context_key="analysis", capability="data_analysis", task_objective="Analyze the beam"),
        )
        async with (
            open_project(tmp_path, options=LoadOptions(local=(plugin,))) as project,
            open_agent(project) as agent,
        ):
            done = await agent.carry_out(ExecutionPlan(steps=steps), question="Analyze the data")
            return done, dict(done.contexts)

    yield run


async def test_memory_is_asked_for_with_the_task_and_the_user_of_the_turn(carry_out: Any) -> None:
    """Seeds 000 and 003, tab "Memory Integration": `execute(state, **kwargs)` without `@staticmethod`."""
    done, contexts = await carry_out(SEED_000)
    assert done.status is TurnStatus.DONE, done.answer
    left = contexts["analysis"]
    assert left["used"] == ["the corrector is in use"]
    assert left["asked"]["query"] == "Analyze the data"
    assert left["asked"]["requester"] == ["capability", "data_analysis"]
    assert left["context_type"] == "DATA_ANALYSIS"


async def test_the_state_answers_to_attributes(carry_out: Any) -> None:
    """Seed 002, tab "Memory Integration": `state.user_id` and `state.current_task`."""
    done, contexts = await carry_out(SEED_002)
    assert done.status is TurnStatus.DONE, done.answer
    assert contexts["analysis"]["data"] == "Analyze the data"
    assert contexts["analysis"]["history"] == "os for 30 days"


async def test_a_step_and_the_state_answer_as_mappings_and_a_dict_is_stored(carry_out: Any) -> None:
    """Seed 004, "Using Python Execution in Capabilities": what of it is about step, state and context."""
    done, contexts = await carry_out(SEED_004)
    assert done.status is TurnStatus.DONE, done.answer
    analysis = contexts["analysis"]["analysis"]
    assert analysis["user_query"] == "Analyze the data"
    assert analysis["task_objective"] == "Analyze the beam"
    assert analysis["thread"] == "analysis_analysis"
    [(key, span)] = analysis["capability_context_data"]["TIME_RANGE"].items()
    assert (key, span["text"]) == ("when", "last 2 hours")


async def test_a_service_that_asks_has_the_turn_wait_and_is_not_called_twice(
    tmp_path: Path, python_service: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Seed 004: `handle_service_with_interrupts` in a capability of the kernel's own turn."""
    services = ModuleType("seed_services")
    services.python_service = python_service  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "seed_services", services)
    plugin = tmp_path / "facility.py"
    plugin.write_text(HEAD + SEED_004_ASKING, encoding="utf-8")
    (tmp_path / "config.yml").write_text(CONFIG, encoding="utf-8")
    step = PlannedStep(context_key="analysis", capability="data_analysis", task_objective="Analyze the beam")
    options = LoadOptions(local=(plugin,))
    async with open_project(tmp_path, options=options) as project, open_agent(project) as agent:
        asked = await agent.carry_out(ExecutionPlan(steps=(step,)), question="Analyze the data")
        assert asked.status is TurnStatus.WAITING, asked.answer
        row = await journal_of(project).requests.get(str(asked.approval))
        assert row.kind == "python_executor"
        await approve(project, row.id, row.sha256[:8], identity_of(project))
        done = await agent.resume(asked.thread)
        assert done.status is TurnStatus.DONE, done.answer
        left = done.contexts["analysis"]
    assert left["analysis"]["statistics"] == {"mean": 1.5}
    assert python_service.stages == ["generate", "execute"]
