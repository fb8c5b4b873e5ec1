"""How a run stands when the graph gives it back: it waits for a person, or it has ended."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from attrs import field, frozen


class About(StrEnum):
    """What a request of a run is about."""

    CODE = "code"
    """The text, before it runs at all."""
    WRITES = "writes"
    """What its rehearsal wants to write, or what was left of that."""


class RunEnd(StrEnum):
    """How a run has ended."""

    DONE = "done"
    FAILED = "failed"
    """The code failed, or what was approved was not wholly done."""
    UNWRITTEN = "unwritten"
    """No code was written for it."""
    REFUSED = "refused"
    """A rule said no."""
    REJECTED = "rejected"
    """A person said no, or nobody said yes in time."""


@frozen(kw_only=True)
class Asked:
    """A run waits for a decision on this request."""

    request_id: str
    sha256: str
    said: str = ""
    """What the person has to know before deciding."""
    held_by: str = ""
    """Why the decision that there is cannot be acted on yet."""


@frozen(kw_only=True)
class Ended:
    """A run has ended, and its record is written. JSON throughout."""

    status: RunEnd
    text: str = ""
    """In words: what was written, what the results say, or why there are none."""
    said: str = ""
    """The same without the results."""
    rule: str = ""
    run_status: str = ""
    """As `RunStatus`, of the run whose results count; empty: none does."""
    error: str = ""
    traceback: str = ""
    folder: str = ""
    notebook: str = ""
    figures: tuple[str, ...] = ()
    """Relative to the folder."""
    channels: tuple[str, ...] = ()
    """That the code asked to write."""
    warnings: tuple[str, ...] = ()
    code: str = ""
    attempt: int = 1
    request_id: str = ""
    report: Mapping[str, Any] | None = None
    seconds: float = 0.0
    error_chain: tuple[str, ...] = ()
    has_results: bool = field(default=False)
    """The run has come to its end and left results."""
