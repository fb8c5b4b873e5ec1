"""Whether a plan can run at all: checked in full before it is filed, and again after every edit."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

import cattrs

from osprey.base import ExecutionPlan, PlannedStep
from osprey.errors import UsageError

if TYPE_CHECKING:
    from osprey.plugins import Registry

_STEP_KEYS = frozenset(
    {"context_key", "capability", "task_objective", "success_criteria", "expected_output", "parameters", "inputs"}
)
_PLAN_KEYS = frozenset({"steps", "assumptions"})


def read_plan(plain: Any) -> ExecutionPlan:
    """Give the plan that plain JSON describes, and nothing that it only resembles.

    :raises UsageError: a key is missing, unknown, or of another type.
    """
    if not isinstance(plain, Mapping) or not {"steps"} <= set(cast("Mapping[str, Any]", plain)) <= _PLAN_KEYS:
        msg = "a plan is {steps: [...], assumptions: [...]}, and has no other keys"
        raise UsageError(msg)
    given = cast("Mapping[str, Any]", plain)
    if not isinstance(given["steps"], list):
        msg = "the steps of a plan are a list"
        raise UsageError(msg)
    steps = cast("list[Any]", given["steps"])
    for number, step in enumerate(steps, start=1):
        _check_shape(number, step)
    try:
        json.dumps(given, allow_nan=False)
        return cattrs.structure(given, ExecutionPlan)
    except (ValueError, TypeError, cattrs.BaseValidationError) as exc:
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

    :raises UsageError: with everything that is wrong: no step, an unknown capability, a key that stands twice, an input
        that no earlier step leaves behind, or that is of another type.
    """
    wrong: list[str] = [] if plan.steps else ["the plan has no step"]
    capabilities = registry.names("capabilities")
    left: dict[str, PlannedStep] = {}
    for number, step in enumerate(plan.steps, start=1):
        where = f"step {number} ({step.context_key})"
        if step.capability not in capabilities:
            known = ", ".join(sorted(capabilities))
            wrong.append(f"{where}: there is no capability {step.capability!r}; there are {known}")
        if not step.context_key or step.context_key in left:
            wrong.append(f"{where}: its context_key is empty, or another step has it")
        wrong += [f"{where}: {told}" for told in _wrong_inputs(step, left)]
        left[step.context_key] = step
    if wrong:
        raise UsageError("\n".join(wrong))


def _wrong_inputs(step: PlannedStep, left: Mapping[str, PlannedStep]) -> list[str]:
    wrong: list[str] = []
    for kind, key in (pair for named in step.inputs for pair in named.items()):
        earlier = left.get(key)
        if earlier is None:
            wrong.append(f"it needs the result of {key!r}, which no earlier step leaves behind")
        elif earlier.expected_output and earlier.expected_output != kind:
            wrong.append(f"it needs {kind} of {key!r}, which leaves {earlier.expected_output}")
    return wrong
