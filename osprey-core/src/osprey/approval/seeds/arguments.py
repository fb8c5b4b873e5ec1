"""The arguments of the seeds' functions, read: two spellings of one keyword, plans, steps, objectives."""

from __future__ import annotations

from typing import Any, Final, cast

from osprey.approval.seeds.plain import plain_json
from osprey.errors import UsageError

_NAMES_OF_OBJECTIVE: Final = ("description", "task_objective", "current_task")


def either(first: tuple[str, Any], second: tuple[str, Any]) -> Any:
    """Give what was passed under one of two spellings of a keyword; None if neither was.

    :raises UsageError: both were, and differ.
    """
    stated = [value for _, value in (first, second) if value is not None]
    if len(stated) > 1 and plain_json(first[1], first[0]) != plain_json(second[1], second[0]):
        msg = f"{first[0]} and {second[0]} are two spellings of one thing, and were passed with different values"
        raise UsageError(msg)
    return stated[0] if stated else None


def objective_of(step_objective: Any, task_description: Any, *, default: str = "") -> str:
    """Give what the work is for as a text; a task may be an object that says so in an attribute."""
    stated = either(("step_objective", step_objective), ("task_description", task_description))
    if stated is None or stated == "":
        return default
    if isinstance(stated, str):
        return stated
    named = (getattr(stated, name, None) for name in _NAMES_OF_OBJECTIVE)
    return next((text for text in named if isinstance(text, str)), None) or str(plain_json(stated, "step_objective"))


def plan_of(execution_plan: Any, plan: Any, *, default: Any = None) -> dict[str, Any]:
    """Give a plan as plain JSON.

    :raises UsageError: there is none, or it has no list of steps.
    """
    stated = either(("execution_plan", execution_plan), ("plan", plan))
    if stated is None:
        stated = default
    plain = plain_json(stated, "execution_plan")
    whole = cast("dict[str, Any]", plain) if isinstance(plain, dict) else {"steps": plain}
    steps = whole.get("steps")
    if not isinstance(steps, list):
        msg = "pass execution_plan (or plan), a mapping with a list of steps: {'steps': [{'context_key': ..., ...}]}"
        raise UsageError(msg)
    named = [step_of(step, f"step {place}") for place, step in enumerate(cast("list[Any]", steps), start=1)]
    return {**whole, "steps": named}


def step_of(step: Any, where: str) -> dict[str, Any]:
    """Give a step as plain JSON; a key without a value is one that was not set.

    :raises UsageError: it has no named parts.
    """
    return {name: value for name, value in mapping_of(step, where).items() if value is not None}


def mapping_of(value: Any, where: str) -> dict[str, Any]:
    """Give a value with named parts as plain JSON.

    :raises UsageError: it has none.
    """
    plain = plain_json(value, where)
    if not isinstance(plain, dict):
        msg = f"{where} is {value!r}, which has no named parts"
        raise UsageError(msg)
    return cast("dict[str, Any]", plain)


def texts_of(values: Any, where: str) -> list[str]:
    """Give a list of texts; None is an empty one, and a single text is a list of one."""
    plain = plain_json([] if values is None else values, where)
    listed = cast("list[Any]", plain) if isinstance(plain, list) else [plain]
    return [str(value) for value in listed]
