"""What happened on the way to a plan, for the trace of a turn: each stage, what came of it, what was wrong."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

from attrs import frozen


class Stage(StrEnum):
    """A part of the way from a message to a plan."""

    UNDOING = "undoing"
    FOLLOW_UP = "follow_up"
    """An earlier turn was looked at without a model."""
    EXTRACTION = "extraction"
    CLASSIFICATION = "classification"
    ORCHESTRATION = "orchestration"
    REACTION = "reaction"
    """The next steps were asked for, after what those before them left."""
    VALIDATION = "validation"
    PHRASEBOOK = "phrasebook"
    WORDING = "wording"
    """The results were put into words, after all steps."""


@frozen(kw_only=True)
class Thought:
    """What came of one stage."""

    stage: Stage
    summary: str
    """One sentence."""
    problems: tuple[str, ...] = ()
    """What was wrong, where something was."""
    names: tuple[str, ...] = ()
    """Of a classification: the capabilities that were chosen."""


OnThought = Callable[[Thought], None]


def ignore(thought: Thought) -> None:
    """Keep no trace."""
    del thought
