"""What the graph keeps of a run: plain JSON, small; code, results and tables lie in the run's folder."""

from __future__ import annotations

from typing import Any, TypedDict

Change = dict[str, Any]
"""What a stage gives: the keys of `ServiceState` that it changes."""


class AskedState(TypedDict):
    """The request that a run waits for."""

    about: str
    """As `About`."""
    request_id: str
    sha256: str
    memo: dict[str, Any]
    question: dict[str, Any]
    """What the interrupt carries for whoever shows it."""
    said: str


class FailureState(TypedDict):
    """One failed attempt, as the generator is told of it."""

    stage: str
    """``generation`` or ``execution``: the budget that it is taken from."""
    kind: str
    message: str
    line: int | None
    code: str
    traceback: str


class EndState(TypedDict):
    """How a run ends, before its record is written."""

    status: str
    """As `RunEnd`."""
    text: str
    """What is said before the results, if anything."""
    rule: str
    """Of a refusal."""
    observed: bool
    """The outcome that counts is that of the observe pass."""
    has_outcome: bool
    """The code ran; without it there are no results."""
    request_id: str
    report: dict[str, Any] | None


class ServiceState(TypedDict):
    """The state of a run."""

    token: str
    """What makes this run another one than the last of its name."""
    call: dict[str, Any]
    folder: str
    run_folder: str
    """Of the rehearsal that was approved: another one after an edit."""
    attempt: int
    code: str
    """Empty while there is none that may be analysed: after a failed generation no older code is left."""
    is_code_agreed: bool
    """A person has agreed to this text being run without a right to write."""
    accepts_missing: bool
    """The generator has nothing better than this text, which left out a result: its rehearsal stands."""
    failures: list[FailureState]
    asked: AskedState | None
    waits: bool
    """It asks (again) before anything else happens."""
    held_by: str
    """Why a decision could not be acted on; the approval stands, and the run waits again."""
    end: EndState | None
    ended: dict[str, Any] | None
    """As `Ended`, once the record is written."""
