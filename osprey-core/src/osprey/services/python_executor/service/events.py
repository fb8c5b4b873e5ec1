"""What a run tells while it goes on: each stage as it begins, for whoever draws it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from enum import StrEnum
from typing import Final

from attrs import frozen

_LOG: Final = logging.getLogger(__name__)


class Stage(StrEnum):
    """The five stages of a run."""

    GENERATION = "generation"
    ANALYSIS = "analysis"
    APPROVAL = "approval"
    EXECUTION = "execution"
    COMPLETE = "complete"


@frozen(kw_only=True)
class StageBegan:
    """A stage begins."""

    stage: Stage
    attempt: int
    """Which text of the generator it is about, from 1."""
    why: str = ""
    """What went wrong before, where code is written again; the request that is asked, in stage approval."""


Listener = Callable[[StageBegan], None]
"""Is called on the loop, in order; it must be quick. What it raises is logged, no more."""
_current: ContextVar[Listener | None] = ContextVar("osprey_stage_listener", default=None)


@contextmanager
def listening(listener: Listener | None) -> Generator[None]:
    """Have a listener told of what runs in the block; None leaves the one that there is."""
    if listener is None:
        yield
        return
    token = _current.set(listener)
    try:
        yield
    finally:
        _current.reset(token)


def tell_stage(stage: Stage, attempt: int, why: str = "") -> None:
    """Tell whoever listens; nobody may."""
    listener = _current.get()
    if listener is None:
        return
    try:
        listener(StageBegan(stage=stage, attempt=attempt, why=why))
    except Exception:  # noqa: BLE001 - a picture that cannot be drawn must not stop a run
        _LOG.exception("a listener failed at stage %s", stage)
