"""Whether work asks for approval: by the present project's configuration, and in doubt it does."""

from __future__ import annotations

from typing import Any

import pytest

from osprey.approval import (
    ApprovalDecision,
    ApprovalManager,
    ApprovalMode,
    MemoryApprovalEvaluator,
    PythonExecutionApprovalEvaluator,
    get_approval_manager,
    get_memory_evaluator,
    get_python_execution_evaluator,
)
from osprey.config import ApprovalConfig, CapabilityApproval

pytestmark = pytest.mark.anyio


def _mode(mode: str, *, global_mode: str = "selective", enabled: str = "true") -> str:
    return (
        f"approval:\n  global_mode: {global_mode}\n  capabilities:\n"
        f"    python_execution: {{enabled: {enabled}, mode: {mode}}}\n"
    )


CASES = [
    ("", False, ApprovalMode.CONTROL_WRITES),
    (_mode("disabled"), False, ApprovalMode.DISABLED),
    (_mode("control_writes"), False, ApprovalMode.CONTROL_WRITES),
    (_mode("epics_writes"), False, ApprovalMode.CONTROL_WRITES),
    (_mode("all_code"), True, ApprovalMode.ALL_CODE),
    (_mode("all_code", enabled="false"), False, ApprovalMode.ALL_CODE),
    (_mode("all_code", global_mode="disabled"), False, ApprovalMode.ALL_CODE),
    (_mode("disabled", global_mode="all_capabilities"), True, ApprovalMode.ALL_CODE),
]


@pytest.mark.filterwarnings("ignore:.*epics_writes")
@pytest.mark.parametrize(("more", "is_asked", "mode"), CASES)
async def test_reading_code_is_asked_for_as_configured_and_writing_code_always(
    configure, more: str, is_asked: bool, mode: ApprovalMode
) -> None:
    project = await configure(more)
    with project.activate():
        evaluator, manager = get_python_execution_evaluator(), get_approval_manager()
        for reads in (True, False):
            assert evaluator.evaluate(has_epics_writes=False, has_epics_reads=reads).needs_approval is is_asked
            assert evaluator.evaluate(has_control_writes=False, has_control_reads=reads).needs_approval is is_asked
            assert evaluator.evaluate(False, reads).needs_approval is is_asked
            assert evaluator.evaluate(has_epics_writes=True, has_epics_reads=reads).needs_approval
            assert evaluator.evaluate(has_control_writes=True, has_control_reads=reads).needs_approval
        assert manager.get_python_execution_config().mode is mode


async def test_a_decision_says_why(configure) -> None:
    project = await configure(_mode("all_code"))
    with project.activate():
        decision = get_python_execution_evaluator().evaluate(has_epics_writes=False, has_epics_reads=True)
    needs_approval, reasoning = decision
    assert isinstance(decision, ApprovalDecision)
    assert needs_approval is True
    assert "approval.capabilities.python_execution.mode" in reasoning
    assert "reads" in reasoning


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"has_epics_reads": True},
        {"has_epics_writes": None, "has_control_writes": None},
        {"has_epics_writes": "no"},
        {"has_epics_writes": 0},
        {"has_epics_writes": False, "has_control_writes": True},
        {"has_epics_writes": True, "has_control_writes": False},
    ],
)
def test_what_is_not_known_not_to_write_needs_approval(told: dict[str, Any]) -> None:
    assert PythonExecutionApprovalEvaluator(ApprovalConfig()).evaluate(**told).needs_approval


def test_a_mode_that_is_not_known_needs_approval() -> None:
    """The file is read strictly; this is a configuration that was made in another way."""
    capabilities = {"python_execution": CapabilityApproval(mode="some_code"), "memory": CapabilityApproval(mode="x")}  # type: ignore[arg-type]
    unknown = ApprovalConfig(capabilities=capabilities)
    decision = PythonExecutionApprovalEvaluator(unknown).evaluate(has_control_writes=False, has_control_reads=False)
    assert decision.needs_approval
    assert "some_code" in decision.reasoning
    assert MemoryApprovalEvaluator(unknown).evaluate("search").needs_approval
    globally = ApprovalConfig(global_mode="some")  # type: ignore[arg-type]
    assert PythonExecutionApprovalEvaluator(globally).evaluate(False, False).needs_approval
    assert MemoryApprovalEvaluator(globally).evaluate().needs_approval


MEMORY = [
    ("", False),
    ("approval: {capabilities: {memory: true}}\n", True),
    ("approval: {capabilities: {memory: {enabled: true}}}\n", True),
    ("approval: {capabilities: {memory: false}}\n", False),
    ("approval: {capabilities: {memory: {enabled: false}}}\n", False),
    ("approval: {global_mode: disabled, capabilities: {memory: {enabled: true}}}\n", False),
    ("approval: {global_mode: all_capabilities, capabilities: {memory: {enabled: false}}}\n", True),
    ("approval: {policies: {notes: {kinds: [memory_*]}}}\n", True),
]


@pytest.mark.parametrize(("more", "is_asked"), MEMORY)
async def test_changes_of_the_memory_are_asked_for_as_configured(configure, more: str, is_asked: bool) -> None:
    project = await configure(more)
    with project.activate():
        assert get_memory_evaluator().evaluate(operation_type="save").needs_approval is is_asked
        assert get_memory_evaluator().evaluate().needs_approval is is_asked
        assert get_approval_manager().get_memory_config().enabled is is_asked
        assert get_approval_manager().get_memory_evaluator().evaluate("save").needs_approval is is_asked


async def test_a_policy_on_one_operation_asks_for_that_one(configure) -> None:
    project = await configure("approval: {policies: {notes: {kinds: [memory_delete]}}}\n")
    with project.activate():
        assert get_memory_evaluator().evaluate("delete").needs_approval
        assert not get_memory_evaluator().evaluate("save").needs_approval


async def test_the_manager_is_that_of_the_present_project(desk, configure) -> None:
    other = await configure(_mode("all_code", global_mode="all_capabilities"))
    with desk.project.activate():
        assert get_approval_manager().get_config_summary() == {
            "global_mode": "selective",
            "python_execution": {"enabled": True, "mode": "control_writes"},
            "memory": {"enabled": False},
            "policies": [],
            "writes": "always approved",
        }
        with other.activate():
            manager = get_approval_manager()
            assert isinstance(manager, ApprovalManager)
            assert manager.get_config_summary()["global_mode"] == "all_capabilities"
            assert manager.get_python_execution_config().enabled
        assert get_approval_manager().get_config_summary()["global_mode"] == "selective"
