"""The seeds' names are there under one import, and cost nothing before they are used."""

from __future__ import annotations

import subprocess
import sys

import pytest

import osprey.approval

SEEDS = [
    "ApprovalDecision",
    "ApprovalManager",
    "ApprovalMode",
    "clear_approval_state",
    "create_approval_type",
    "create_channel_write_approval_interrupt",
    "create_code_approval_interrupt",
    "create_memory_approval_interrupt",
    "create_plan_approval_interrupt",
    "create_step_approval_interrupt",
    "get_approval_manager",
    "get_approval_resume_data",
    "get_memory_evaluator",
    "get_python_execution_evaluator",
    "handle_service_with_interrupts",
]


@pytest.mark.parametrize("name", SEEDS)
def test_every_name_of_the_seeds_is_there(name: str) -> None:
    assert name in osprey.approval.__all__
    assert getattr(osprey.approval, name).__name__ == name


def test_every_name_that_the_room_offers_can_be_had() -> None:
    assert [name for name in osprey.approval.__all__ if not hasattr(osprey.approval, name)] == []


def test_a_name_that_is_not_there_is_said() -> None:
    with pytest.raises(AttributeError, match=r"osprey\.approval has no 'create_everything'"):
        _ = osprey.approval.create_everything  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "names", ["", "from osprey.approval import get_approval_manager, create_plan_approval_interrupt"]
)
def test_langgraph_is_imported_by_what_needs_it_only(names: str) -> None:
    code = f"import sys, osprey.approval\n{names}\nprint(sorted({{'langgraph', 'pydantic'}} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
