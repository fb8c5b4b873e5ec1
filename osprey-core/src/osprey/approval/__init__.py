"""Approval: requests with what a person has to see, the rules on who has to agree, decisions, and who makes them.

`desk` takes decisions, `filing` files requests, `executing` carries out those that are no list of writes (those are the
guard's). `osprey.approval.interrupts` is the one module that knows LangGraph's interrupts; it is imported by the graph
and not from here. The seeds' functions are in `seeds` and resolved on first use: whoever needs none of them
does not import what they need.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from osprey.approval.card import Card, CardRow, CardSection, SectionForm
from osprey.approval.decisions import AnswerWord, Decision, parse_decision
from osprey.approval.filing import Draft, file_request, file_write_request
from osprey.approval.identity import current_actor
from osprey.approval.kinds import ApprovalKind, card_of
from osprey.approval.notifiers import Notifier
from osprey.approval.people import Identity, identity_of
from osprey.approval.rules import Facts

if TYPE_CHECKING:
    from osprey.approval.answers import StoredDecision
    from osprey.approval.interrupts import ask_person
    from osprey.approval.seeds.builders import (
        create_approval_type,
        create_code_approval_interrupt,
        create_memory_approval_interrupt,
        create_plan_approval_interrupt,
        create_step_approval_interrupt,
    )
    from osprey.approval.seeds.channel_writes import create_channel_write_approval_interrupt
    from osprey.approval.seeds.evaluators import (
        ApprovalDecision,
        MemoryApprovalEvaluator,
        PythonExecutionApprovalEvaluator,
    )
    from osprey.approval.seeds.manager import (
        ApprovalManager,
        get_approval_manager,
        get_memory_evaluator,
        get_python_execution_evaluator,
    )
    from osprey.approval.seeds.resuming import clear_approval_state, get_approval_resume_data
    from osprey.approval.seeds.services import handle_service_with_interrupts
    from osprey.config import ApprovalMode

_HOMES = {
    "StoredDecision": "osprey.approval.answers",
    "ask_person": "osprey.approval.interrupts",
    "create_approval_type": "osprey.approval.seeds.builders",
    "create_code_approval_interrupt": "osprey.approval.seeds.builders",
    "create_memory_approval_interrupt": "osprey.approval.seeds.builders",
    "create_plan_approval_interrupt": "osprey.approval.seeds.builders",
    "create_step_approval_interrupt": "osprey.approval.seeds.builders",
    "create_channel_write_approval_interrupt": "osprey.approval.seeds.channel_writes",
    "ApprovalDecision": "osprey.approval.seeds.evaluators",
    "MemoryApprovalEvaluator": "osprey.approval.seeds.evaluators",
    "PythonExecutionApprovalEvaluator": "osprey.approval.seeds.evaluators",
    "ApprovalManager": "osprey.approval.seeds.manager",
    "get_approval_manager": "osprey.approval.seeds.manager",
    "get_memory_evaluator": "osprey.approval.seeds.manager",
    "get_python_execution_evaluator": "osprey.approval.seeds.manager",
    "clear_approval_state": "osprey.approval.seeds.resuming",
    "get_approval_resume_data": "osprey.approval.seeds.resuming",
    "handle_service_with_interrupts": "osprey.approval.seeds.services",
    "ApprovalMode": "osprey.config",
}

__all__ = [
    "AnswerWord",
    "ApprovalDecision",
    "ApprovalKind",
    "ApprovalManager",
    "ApprovalMode",
    "Card",
    "CardRow",
    "CardSection",
    "Decision",
    "Draft",
    "Facts",
    "Identity",
    "MemoryApprovalEvaluator",
    "Notifier",
    "PythonExecutionApprovalEvaluator",
    "SectionForm",
    "StoredDecision",
    "ask_person",
    "card_of",
    "clear_approval_state",
    "create_approval_type",
    "create_channel_write_approval_interrupt",
    "create_code_approval_interrupt",
    "create_memory_approval_interrupt",
    "create_plan_approval_interrupt",
    "create_step_approval_interrupt",
    "current_actor",
    "file_request",
    "file_write_request",
    "get_approval_manager",
    "get_approval_resume_data",
    "get_memory_evaluator",
    "get_python_execution_evaluator",
    "handle_service_with_interrupts",
    "identity_of",
    "parse_decision",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    msg = f"osprey.approval has no {name!r}"
    raise AttributeError(msg)
