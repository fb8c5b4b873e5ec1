"""Whether a plan can run at all: checked in full before it is filed, and again after every edit."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

import cattrs

from osprey.agent.plan_validity.checks import plan_problems
from osprey.base import ExecutionPlan
from osprey.errors import UsageError

if TYPE_CHECKING:
    from osprey.plugins import Registry

_STEP_KEYS = frozenset(
    {"context_key", "capability", "task_objective", "success_criteria", "expected_output", "parameters", "inputs"}
)
_PLAN_KEYS = frozenset({"steps", "assumptions", "explain"})


def read_plan(plain: Any) -> ExecutionPlan:
    """Give the plan that plain JSON describes, and nothing that it only resembles.

    :raises UsageError: a key is missing, unknown, or of another type.
    """
    if not isinstance(plain, Mapping) or not {"steps"} <= set(cast("Mapping[str, Any]", plain)) <= _PLAN_KEYS:
        msg = "a plan is {steps: [...], assumptions: [...], explain: ...}, and has no other keys"
        raise UsageError(msg)
    given = cast("Mapping[str, Any]", plain)
    if not isinstance(given.get("explain", ""), str):
        msg = f"explain is {given['explain']!r}, which is no text"
        raise UsageError(msg)
    if not isinstance(given["steps"], list):
        msg = "the steps of a plan are a list"
        raise UsageError(msg)
    steps = cast("list[Any]", given["steps"])
    for number, step in enumerate(steps, start=1):
        _check_shape(number, step)
    try:
        json.dumps(given, allow_nan=False)
        return cattrs.structure(given, ExecutionPlan)
    except (ValueError, TypeError, RecursionError, cattrs.BaseValidationError) as exc:
        msg = f"this is no plan: {exc}"
        raise UsageError(msg) from exc


def _check_shape(number: int, step: Any) -> None:
    keys = set(cast("dict[str, Any]", step)) if isinstance(step, dict) else set[str]()
    if not {"context_key", "capability", "task_objective"} <= keys <= _STEP_KEYS:
        wrong = sorted(keys - _STEP_KEYS) or sorted({"context_key", "capability", "task_objective"} - keys)
        msg = f"step {number}: {', '.join(wrong)}: a step has {', '.join(sorted(_STEP_KEYS))}"
        raise UsageError(msg)
    given = cast("dict[str, Any]", step)
    texts = ("context_key", "capability", "task_objective", "success_criteria", "expected_output")
    for name in texts:
        if not isinstance(given.get(name, ""), str):
            msg = f"step {number}: {name} is {given[name]!r}, which is no text"
            raise UsageError(msg)
    if not isinstance(given.get("parameters", {}), dict) or not isinstance(given.get("inputs", []), list | tuple):
        msg = f"step {number}: parameters are a mapping, inputs a list of {{context type: context key}}"
        raise UsageError(msg)


def require_valid(plan: ExecutionPlan, registry: Registry) -> None:
    """Go on only if every step can run.

    :raises UsageError: with everything that is wrong; see `osprey.agent.plan_validity`.
    """
    if wrong := plan_problems(plan, registry):
        raise UsageError("\n".join(wrong))
