"""A turn's state: JSON only, so that it survives a crash, an upgrade and another process."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, NotRequired, TypedDict

from attrs import field, frozen

from osprey.sessions import TurnStatus

__all__ = ["PendingRequest", "Stage", "TurnResult", "TurnState", "TurnStatus", "Unplanned"]


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
    REACTIVE_STEP = "reactive_step"
    """The step, of work that is planned as it goes; whatever else it is asked for comes after that."""
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
    """What LangGraph keeps between the nodes of one turn. Keys are written whole; nothing is merged.

    It begins anew with each turn: what was said and done before is asked of `osprey.sessions`.
    """

    thread: str
    turn: str
    user_query: str
    target: str
    user_id: str
    """The subject of who asked."""
    orchestration: str
    """An `OrchestrationMode`; a turn that is planned first after all says so here."""
    planning_mode: bool
    """The plan as a whole waits for a person before its first step; or each step, where it is planned as it goes."""
    approval: str
    """A `ThreadApproval`."""
    extracts_tasks: bool
    selects_capabilities: bool
    chat: str
    """The capability that is talked to directly."""
    commands: dict[str, Any]
    """Slash commands for capabilities, with their values."""
    given_plan: dict[str, Any] | None
    """A plan that a command has made; None: the question is planned."""
    task: str
    """What the question was taken to mean."""
    plan: dict[str, Any]
    cursor: int
    """The index of the step that is next."""
    contexts: dict[str, Any]
    """Results of finished steps by context key."""
    results: list[dict[str, Any]]
    """`StepResult`s of finished steps, in order."""
    pending: PendingRequest | None
    spent_s: float
    """What the turn has worked, without the time in which it waited for people."""
    exchange: dict[str, Any]
    """What a model and Osprey have said to each other, where the turn is planned as it goes."""
    closing: str
    """What is said after the texts of the steps: the model's last words, or why the work ended."""
    status: str
    unplanned: str
    """Why nothing was planned, if nothing was."""
    answer: str
    warnings: list[str]
    usage: dict[str, Any]
    """Tokens and cost of the models that were asked."""
    is_by_model: bool
    """A model made the plan, so it can make another."""
    replan: str
    """Why the plan is to be made anew; empty: it is not."""
    replans: int
    """How often it was made anew."""


@frozen(kw_only=True)
class TurnResult:
    """What an interface gets back from a turn."""

    thread: str
    status: TurnStatus
    answer: str
    turn: str = ""
    approval: str | None = None
    """The id of the request that the turn waits for, if it waits."""
    is_decided: bool = False
    """True if that request was decided, and only its target stands in the way."""
    unplanned: Unplanned | None = None
    """Set where the question came to no plan; the status is then `FAILED`."""
    runs: tuple[str, ...] = field(default=(), converter=tuple)
    artifacts: tuple[str, ...] = field(default=(), converter=tuple)
    warnings: tuple[str, ...] = field(default=(), converter=tuple)
    plan: dict[str, Any] = field(factory=dict[str, Any])
    """The plan that was made, as plain JSON; empty without one."""
    contexts: dict[str, Any] = field(factory=dict[str, Any], repr=False)
    """What its steps left behind, by context key."""
    task: str = ""
    """What the question was taken to mean."""
    usage: dict[str, Any] = field(factory=dict[str, Any])
    """Tokens and cost of the models that were asked."""
    is_exit: bool = False
    """True if the person wants to leave the conversation."""
