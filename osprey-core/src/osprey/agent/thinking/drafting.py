"""The form in which a model gives a plan, and the plan that it becomes."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final

from attrs import field, frozen

from osprey.base import ExecutionPlan, PlannedStep
from osprey.printable import printable

_MOST_SAID: Final = 600
_MOST_LISTED: Final = 20


def _about(text: str) -> dict[str, str]:
    return {"about": text}


@frozen(kw_only=True)
class DraftInput:
    """The result of an earlier step that a step takes."""

    context_type: str = field(metadata=_about("the type that the earlier step leaves"))
    context_key: str = field(metadata=_about("the context_key of the earlier step"))


@frozen(kw_only=True)
class DraftStep:
    """One step."""

    context_key: str = field(metadata=_about("unique: a letter, then letters, digits and underscores"))
    capability: str = field(metadata=_about("its name, exactly as it is listed"))
    task_objective: str = field(metadata=_about("what the step is for, in one sentence that a person reads"))
    parameters: Mapping[str, Any] = field(metadata=_about("exactly the parameters of the capability"))
    success_criteria: str = field(default="", metadata=_about("how one sees that it has succeeded"))
    expected_output: str = field(default="", metadata=_about("the type that it leaves"))
    inputs: tuple[DraftInput, ...] = field(default=(), metadata=_about("results of earlier steps that it takes"))


class Answer(StrEnum):
    """What the steps' results are given as."""

    FIGURES = "figures"
    WORDS = "words"
    """A model says beside the figures what they mean."""


@frozen(kw_only=True)
class DraftPlan:
    """A plan, or why there is none: a question, a kind of step that is missing, or what makes it impossible."""

    steps: tuple[DraftStep, ...] = field(metadata=_about("in the order in which they run; empty if there is no plan"))
    assumptions: tuple[str, ...] = field(default=(), metadata=_about("what was taken for granted, a sentence each"))
    question: str = field(default="", metadata=_about("to the person, where what would be changed is not certain"))
    choices: tuple[str, ...] = field(default=(), metadata=_about("complete requests that answer the question"))
    missing: tuple[str, ...] = field(default=(), metadata=_about("names of kinds of steps that are needed, not listed"))
    impossible: str = field(default="", metadata=_about("why it cannot be done, for the person; else empty"))
    answer: Answer = field(default=Answer.FIGURES, metadata=_about("words only if figures alone are no answer"))
    explain: str = field(default="", metadata=_about("with words: what to say of the figures, in one sentence"))

    def plan(self, task: str = "") -> ExecutionPlan:
        """Give the plan; whether it can run is judged by others.

        :param task: what is said in words where the draft wants words and does not say which.
        """
        wanted = shown(self.explain) or shown(task)
        return ExecutionPlan(
            steps=tuple(map(_step, self.steps)),
            assumptions=shown_list(self.assumptions),
            explain=wanted if self.answer is Answer.WORDS else "",
        )


def shown(text: str) -> str:
    """Give a text of a model as a person is shown it: one line, bounded, nothing in it hidden."""
    line = printable(" ".join(text[: _MOST_SAID * 2].split()))
    return line if len(line) <= _MOST_SAID else f"{line[:_MOST_SAID]}..."


def shown_list(texts: tuple[str, ...]) -> tuple[str, ...]:
    """Give the first texts of a model's list as a person is shown them, empty ones left out."""
    return tuple(line for text in texts[:_MOST_LISTED] if (line := shown(text)))


def _step(draft: DraftStep) -> PlannedStep:
    return PlannedStep(
        context_key=draft.context_key,
        capability=draft.capability,
        task_objective=shown(draft.task_objective),
        success_criteria=shown(draft.success_criteria),
        expected_output=draft.expected_output,
        parameters=dict(draft.parameters),
        inputs=tuple({each.context_type: each.context_key} for each in draft.inputs),
    )
