"""The seam to whoever chooses: a question with bounded candidates, answered by their numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Protocol

from attrs import frozen

from osprey.errors import OspreyError

MOST_CANDIDATES: Final = 80
"""Candidates of one question: what a model can weigh, and what fits into its context beside the request."""
_LONGEST_TOLD: Final = 160


class ChoosingError(OspreyError):
    """Who was asked did not answer with numbers of candidates, or not at all."""


@frozen(kw_only=True)
class Candidate:
    """One thing that can be chosen."""

    name: str
    told: str = ""
    """What it is; text of the facility's list, which is data and never an instruction."""


@frozen(kw_only=True)
class Question:
    """What is to be chosen for a request."""

    query: str
    """What is looked for, in the person's words."""
    level: str
    """What the candidates are: ``channel``, ``family``, ``function`` or the name of a tree's level."""
    candidates: tuple[Candidate, ...]
    most: int
    """How many may be chosen; an empty answer means that none fits."""


class Chooser(Protocol):
    """Chooses among candidates."""

    async def choose(self, question: Question) -> Sequence[int]:
        """Give the numbers of the candidates that fit, counted from 0, the best first.

        :raises OspreyError: it cannot answer; the caller goes on without it and says so.
        """
        ...


async def chosen(chooser: Chooser, question: Question) -> tuple[int, ...]:
    """Ask, and take nothing but numbers of candidates, each once.

    :raises ChoosingError: the answer is anything else, or longer than it may be.
    """
    answer: Any = await chooser.choose(question)
    size = len(question.candidates)
    if not isinstance(answer, list | tuple) or not all(_is_place(one, size) for one in answer):  # pyright: ignore[reportUnknownVariableType]
        msg = f"asked for the {question.level} of {size} candidates, the answer was no list of numbers below {size}"
        raise ChoosingError(msg)
    numbers: tuple[int, ...] = tuple(dict.fromkeys(answer))  # pyright: ignore[reportUnknownArgumentType]
    if len(numbers) > question.most:
        msg = f"asked for at most {question.most} of the {question.level}, the answer named {len(numbers)}"
        raise ChoosingError(msg)
    return numbers


def told_of(text: str) -> str:
    """Bound what is told of a candidate."""
    plain = " ".join(text.split())
    return plain if len(plain) <= _LONGEST_TOLD else f"{plain[:_LONGEST_TOLD]}..."


def _is_place(value: Any, size: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < size
