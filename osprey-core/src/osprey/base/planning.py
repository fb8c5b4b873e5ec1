"""A plan as values: ordered steps, each one capability with its parameters and inputs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from attrs import field, fields, frozen


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

    def __getitem__(self, name: str) -> Any:
        """Give a field by its name: the predecessor's steps are mappings, and capabilities read them so."""
        if name not in _STEP_FIELDS:
            raise KeyError(name)
        return getattr(self, name)

    def get(self, name: str, default: Any = None) -> Any:
        """Give a field by its name, or the default where there is none of this name or it is empty."""
        return (getattr(self, name) or default) if name in _STEP_FIELDS else default


_STEP_FIELDS: Final = frozenset(one.name for one in fields(PlannedStep))


@frozen(kw_only=True)
class ExecutionPlan:
    """The steps that answer one request, in order."""

    steps: tuple[PlannedStep, ...]
    assumptions: tuple[str, ...] = ()
    """What the planner took for granted; the answer states them."""
    explain: str = ""
    """What the answer says in words, by a model, beside the figures; empty: the figures are the answer."""
