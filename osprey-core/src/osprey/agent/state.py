"""A turn's state: JSON only, so that it survives a crash, an upgrade and another process."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, NotRequired, TypedDict

from attrs import field, frozen


class TurnStatus(StrEnum):
    """How a turn ended, or why it did not yet."""

    DONE = "done"
    WAITING = "waiting"
    REFUSED = "refused"
    FAILED = "failed"


class Unplanned(StrEnum):
    """Why there is no plan for a question."""

    ASKS = "asks"
    """It can be meant in more than one way, and the answer asks which."""
    NOT_UNDERSTOOD = "not_understood"


class Stage(StrEnum):
    """What goes on when the request is decided."""

    PLAN = "plan"
    """The plan's first step."""
    STEP = "step"
    """The first half of the step."""
    EFFECT = "effect"
    """The second half of the step: what it asked for."""


class PendingRequest(TypedDict):
    """The stored request that the turn waits for."""

    stage: str
    request_id: str
    sha256: str
    memo: dict[str, Any]
    held_by: NotRequired[str]
    """The warning that said what stood in the way when the request was last tried."""


class TurnState(TypedDict, total=False):
    """What LangGraph keeps between nodes. Keys are written whole; nothing is merged."""

    thread: str
    turn: str
    user_query: str
    target: str
    planning_mode: bool
    """The plan as a whole waits for a person before its first step."""
    given_plan: dict[str, Any] | None
    """A plan that a command has made; None: the question is planned."""
    plan: dict[str, Any]
    cursor: int
    """The index of the step that is next."""
    contexts: dict[str, Any]
    """Results of finished steps by context key."""
    results: list[dict[str, Any]]
    """`StepResult`s of finished steps, in order."""
    pending: PendingRequest | None
    status: str
    unplanned: str
    """Why nothing was planned, if nothing was."""
    answer: str
    warnings: list[str]


@frozen(kw_only=True)
class TurnResult:
    """What an interface gets back from a turn."""

    thread: str
    status: TurnStatus
    answer: str
    approval: str | None = None
    """The id of the request that the turn waits for, if it waits."""
    is_decided: bool = False
    """True if that request was decided, and only its target stands in the way."""
    unplanned: Unplanned | None = None
    """Set where the question came to no plan; the status is then `FAILED`."""
    runs: tuple[str, ...] = field(default=(), converter=tuple)
    artifacts: tuple[str, ...] = field(default=(), converter=tuple)
    warnings: tuple[str, ...] = field(default=(), converter=tuple)
