"""What a turn tells while it runs: one value for each thing that happened, for whoever draws it."""

from __future__ import annotations

from collections.abc import Callable

from attrs import frozen


@frozen(kw_only=True)
class TurnBegan:
    """A turn begins, or goes on."""

    thread: str
    turn: str
    asked: str


@frozen(kw_only=True)
class TaskExtracted:
    """What the question was taken to mean, with what was said before."""

    task: str


@frozen(kw_only=True)
class CapabilitiesSelected:
    """The capabilities that a plan may use."""

    names: tuple[str, ...]


@frozen(kw_only=True)
class PlannedItem:
    """A step of a plan, as it is listed."""

    key: str
    capability: str
    objective: str


@frozen(kw_only=True)
class PlanMade:
    """The plan that is carried out, or that waits for a person first."""

    steps: tuple[PlannedItem, ...]


@frozen(kw_only=True)
class StepBegan:
    """A step begins; several may be under way at once."""

    key: str
    capability: str
    objective: str


@frozen(kw_only=True)
class StepEnded:
    """A step has ended, or waits for a person."""

    key: str
    capability: str
    status: str
    """As `StepStatus`, or ``asks``: it has filed a request."""


@frozen(kw_only=True)
class StepRetried:
    """A step failed and is tried again."""

    key: str
    capability: str
    attempt: int
    why: str


@frozen(kw_only=True)
class ModelAsked:
    """A chat model was asked, whatever came of it."""

    role: str
    provider: str
    model: str
    outcome: str
    seconds: float
    tokens: int


@frozen(kw_only=True)
class ApprovalRequired:
    """The turn waits for a person's decision."""

    request_id: str


@frozen(kw_only=True)
class ApprovalSettled:
    """What the turn waited for was decided, and it goes on."""

    request_id: str
    state: str


@frozen(kw_only=True)
class TurnEnded:
    """A turn has ended, or waits."""

    thread: str
    turn: str
    status: str
    answer: str


Event = (
    TurnBegan
    | TaskExtracted
    | CapabilitiesSelected
    | PlanMade
    | StepBegan
    | StepEnded
    | StepRetried
    | ModelAsked
    | ApprovalRequired
    | ApprovalSettled
    | TurnEnded
)
Listener = Callable[[Event], None]
"""Is called on the loop, in the order in which things happen; it must be quick. What it raises is logged, no more."""
