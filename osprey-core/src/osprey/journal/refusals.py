"""A refusal as a value: a transaction that says no still commits the audit row that tells of it."""

from __future__ import annotations

from typing import TypeVar

from attrs import frozen

from osprey.errors import RefusedError

T = TypeVar("T")


@frozen
class Refusal:
    """A no with the rule that decided; raised as `RefusedError` once its audit row is on the disk."""

    rule: str
    message: str


def granted(answer: T | Refusal) -> T:
    """Give the answer, or raise the refusal."""
    if isinstance(answer, Refusal):
        raise RefusedError(answer.message, rule=answer.rule)
    return answer
