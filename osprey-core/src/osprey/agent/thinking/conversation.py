"""What was said and done before, as plain values, and as much of it as a model is shown."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

from attrs import field, frozen

from osprey.agent._serialization import to_plain
from osprey.agent.plan_validity.channels import channels_of
from osprey.base import ExecutionPlan, PlannedStep

MOST_TURNS: Final = 6
"""The latest turns that are looked at; what is older has to be said again."""
_MOST_ANSWER: Final = 600
_MOST_TEXT: Final = 240
_MOST_ENTRIES: Final = 10
_DEEPEST: Final = 6


@frozen(kw_only=True)
class PastTurn:
    """One earlier turn of the thread."""

    question: str
    """What the person typed."""
    target: str
    task: str = ""
    """What it was understood to mean; empty: the same as the question."""
    plan: ExecutionPlan | None = None
    """None: it was not understood, or something was asked back."""
    contexts: Mapping[str, Mapping[str, Any]] = field(factory=dict[str, Mapping[str, Any]])
    """What its steps left behind, by context key; a step that was not carried out left nothing."""
    answer: str = ""

    @property
    def meaning(self) -> str:
        """The task, as a request that stands by itself."""
        return self.task or self.question

    @property
    def steps(self) -> tuple[PlannedStep, ...]:
        """The steps of its plan, if it had one."""
        return self.plan.steps if self.plan else ()

    @property
    def channels(self) -> tuple[str, ...]:
        """The channels that it was about: those that its plan names, else those that it found."""
        named = [name for step in self.steps for name in channels_of(step)]
        found = [
            str(name)
            for context in self.contexts.values()
            for name in _listed(context.get("channels"))
            if isinstance(name, str)
        ]
        return tuple(dict.fromkeys(named or found))


def recent(history: Sequence[PastTurn]) -> tuple[PastTurn, ...]:
    """Give the turns that are looked at, the oldest first."""
    return tuple(history[-MOST_TURNS:])


def conversation_text(history: Sequence[PastTurn]) -> str:
    """Give the latest turns as compact JSON, one a line; long lists are counted, long texts cut."""
    turns = recent(history)
    return "\n".join(_line(turn, len(turns) - place) for place, turn in enumerate(turns))


def _line(turn: PastTurn, ago: int) -> str:
    told: dict[str, Any] = {"turns_ago": ago, "target": turn.target, "asked": turn.question[:_MOST_ANSWER]}
    if turn.task and turn.task != turn.question:
        told["task"] = turn.task[:_MOST_ANSWER]
    told["steps"] = [_step(step) for step in turn.steps[:_MOST_ENTRIES]]
    told["left"] = {key: _compact(context) for key, context in list(turn.contexts.items())[:_MOST_ENTRIES]}
    told["answer"] = turn.answer[:_MOST_ANSWER]
    return json.dumps({name: one for name, one in told.items() if one}, ensure_ascii=False)


def _step(step: PlannedStep) -> dict[str, Any]:
    return {
        "key": step.context_key,
        "capability": step.capability,
        "for": step.task_objective[:_MOST_TEXT],
        "parameters": _compact(to_plain(dict(step.parameters))),
    }


def _compact(value: Any, depth: int = 0) -> Any:
    if isinstance(value, str):
        return value if len(value) <= _MOST_TEXT else f"{value[:_MOST_TEXT]}... ({len(value)} characters)"
    if isinstance(value, Mapping):
        given = cast("Mapping[str, Any]", value)
        if depth >= _DEEPEST:
            return f"({len(given)} entries)"
        shown = {str(key): _compact(one, depth + 1) for key, one in list(given.items())[:_MOST_ENTRIES]}
        return {**shown, "...": f"{len(given)} in all"} if len(given) > _MOST_ENTRIES else shown
    if isinstance(value, list | tuple):
        listed = cast("Sequence[Any]", value)
        if depth >= _DEEPEST:
            return f"({len(listed)} entries)"
        shown_list = [_compact(one, depth + 1) for one in listed[:_MOST_ENTRIES]]
        return [*shown_list, f"... {len(listed)} in all"] if len(listed) > _MOST_ENTRIES else shown_list
    return value if value is None or isinstance(value, bool | int | float) else str(value)[:_MOST_TEXT]


def _listed(value: Any) -> Sequence[Any]:
    return cast("Sequence[Any]", value) if isinstance(value, list | tuple) else ()
