"""A step's parameters against the class that its capability declares."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from osprey.agent.plan_validity.storable import why_not_storable
from osprey.base import PlannedStep
from osprey.config import InvalidConfigError, structure_settings
from osprey.errors import OspreyError

if TYPE_CHECKING:
    from osprey.plugins import Registry

_MOST_PROBLEMS: Final = 12
"""Of one step; a list of a thousand wrong entries says nothing more."""
_LARGEST: Final = 2 * 1024 * 1024


def parameter_problems(step: PlannedStep, registry: Registry) -> list[str]:
    """Say what is wrong with the parameters of a step whose capability exists; none if it declares no class."""
    if why_not := why_not_storable(step.parameters):
        return [f"its parameters cannot be kept: {why_not}"]
    try:
        text = json.dumps(dict(step.parameters), allow_nan=False)
    except (TypeError, ValueError, RecursionError) as exc:
        return [f"its parameters are no JSON: {exc}"]
    if len(text) > _LARGEST:
        return [f"its parameters have {len(text)} characters: at most {_LARGEST} are taken; split the step"]
    try:
        cls = registry.parameters_class(step.capability)
        if cls is not None:
            structure_settings(cls, step.parameters, "parameters")
    except InvalidConfigError as exc:
        told = [f"{problem.path}: {problem.message}" for problem in exc.problems]
        more = [f"and {len(told) - _MOST_PROBLEMS} more like these"] if len(told) > _MOST_PROBLEMS else []
        return [*told[:_MOST_PROBLEMS], *more]
    except OspreyError as exc:
        return [str(exc)]
    return []
