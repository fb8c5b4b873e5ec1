"""How planning ends early: with words that were not understood, or with a question."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from osprey.control import ChannelRecord
from osprey.models.phrasebook import Clarification, NotUnderstood, Subject, Word

_MOST_CHOICES = 6


class NotPlanned(Exception):  # noqa: N818 - carries an answer to the planner's border, it is no error
    """No plan can be made; `outcome` is what the person is told."""

    def __init__(self, outcome: NotUnderstood | Clarification) -> None:
        super().__init__(str(outcome))
        self.outcome = outcome


def not_understood(text: str, subject: Subject | None, message: str, suggestions: Iterable[str] = ()) -> NotPlanned:
    """Make the exception for words that name nothing."""
    words = (Word(text=subject.text, start=subject.start, end=subject.end),) if subject else ()
    return NotPlanned(NotUnderstood(text=text, message=message, words=words, suggestions=tuple(suggestions)))


def asked(text: str, subject: Subject, question: str, replacements: Sequence[str]) -> NotPlanned:
    """Make the exception for a question whose choices are the request with the subject said exactly."""
    shown = replacements[:_MOST_CHOICES]
    choices = tuple(f"{text[: subject.start]}{each}{text[subject.end :]}" for each in shown)
    if len(replacements) > len(shown):
        question = f"{question} ({len(replacements)} are possible, the first {len(shown)} are shown)"
    return NotPlanned(Clarification(text=text, question=question, choices=choices))


def described(record: ChannelRecord) -> str:
    """Give a channel with its description, for a suggestion."""
    return f"{record.name} ({record.description})" if record.description else record.name
