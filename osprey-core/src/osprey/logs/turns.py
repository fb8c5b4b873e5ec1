"""The turn that runs here, so that a record can name it."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NamedTuple


class NotedTurn(NamedTuple):
    """A turn, as it stands on a record."""

    thread: str
    turn: str


_turn: ContextVar[NotedTurn | None] = ContextVar("osprey_noted_turn", default=None)


@contextmanager
def turn_noted(thread: str, turn: str) -> Generator[None]:
    """Have what is logged inside name this turn."""
    token = _turn.set(NotedTurn(thread, turn))
    try:
        yield
    finally:
        _turn.reset(token)


def noted_turn() -> NotedTurn | None:
    """Give the turn that runs here; None: there is none."""
    return _turn.get()
