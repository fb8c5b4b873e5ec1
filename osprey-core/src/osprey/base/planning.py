"""A plan as values: ordered steps, each one capability with its parameters and inputs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import field, frozen


@frozen(kw_only=True)
class PlannedStep:
    """One step of a plan. Everything in it is JSON."""

    context_key: str
    """Unique in the plan; later steps name this step's result by it."""
    capability: str
    task_objective: str
    """What the step is for, in one sentence that a person reads."""
    success_criteria: str = ""
    expected_output: str = ""
    """The context type that it leaves behind."""
    parameters: Mapping[str, Any] = field(factory=dict[str, Any])
    inputs: tuple[Mapping[str, str], ...] = ()
    """`{context type: context key}` of earlier steps."""


@frozen(kw_only=True)
class ExecutionPlan:
    """The steps that answer one request, in order."""

    steps: tuple[PlannedStep, ...]
    assumptions: tuple[str, ...] = ()
    """What the planner took for granted; the answer states them."""
