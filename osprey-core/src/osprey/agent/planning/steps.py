"""Steps and plans, put together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from osprey.base.planning import ExecutionPlan, PlannedStep


def planned(steps: Sequence[PlannedStep], notes: Iterable[str] = ()) -> ExecutionPlan:
    """Make a plan; each assumption is stated once."""
    return ExecutionPlan(steps=tuple(steps), assumptions=tuple(dict.fromkeys(notes)))


def python_step(
    key: str,
    objective: str,
    template: str,
    params: Mapping[str, Any],
    inputs: tuple[Mapping[str, str], ...] = (),
) -> PlannedStep:
    """Make a step whose code the phrasebook generator writes from a template."""
    return PlannedStep(
        context_key=key,
        capability="python",
        task_objective=objective,
        success_criteria="The code runs to its end and leaves figures with units",
        expected_output="PYTHON_RESULTS",
        parameters={"template": template, "params": dict(params)},
        inputs=inputs,
    )
