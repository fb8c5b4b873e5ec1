"""What the guard is asked, and what it answers: plain values, so that it can be its own process.

Every class here survives a round trip through JSON (`osprey.control.wire`); a test drives the guard over
a socket with nothing else.
"""

from __future__ import annotations

from attrs import field, frozen

from osprey.control.values import Bounds, DType, Outcome, ReadResult, Severity, Value


@frozen(kw_only=True)
class Actor:
    """Who asks: an authenticated subject with terminal and host; it stands in every row."""

    subject: str
    """``os:alice``, ``token:ops-panel`` or ``oidc:...``."""
    terminal: str = ""
    host: str = ""


@frozen(kw_only=True)
class WriteItem:
    """One intended write, as a person, a plan or a rehearsal stated it."""

    channel: str
    value: Value
    unit: str | None = None
    """The unit the author meant; a unit other than the channel's is refused, never converted."""
    line: int | None = None
    """The source line that asked for it, if code did."""


@frozen(kw_only=True)
class WriteBatch:
    """Ordered groups: items of a group go together, the next group only after all were confirmed."""

    target: str
    groups: tuple[tuple[WriteItem, ...], ...]
    observe: tuple[str, ...] = ()
    """Channels that the guard reads after each confirmed group: the data of a scan."""
    settle_s: float = 0.0
    """Wait after each group, before `observe` is read."""


@frozen(kw_only=True)
class JudgeRequest:
    batch: WriteBatch
    actor: Actor


@frozen(kw_only=True)
class JudgedItem:
    """The guard's verdict on one item, with all that a person has to see before agreeing."""

    channel: str
    """As it was asked."""
    name: str
    """Canonical; the asked name where none could be established."""
    group: int
    is_allowed: bool
    rule: str
    """The rule that decided, such as ``limits.max``; ``ok`` if every check passed."""
    reason: str
    """One sentence for a person; empty if allowed."""
    value: Value
    """In the channel's own type (an enumeration by number)."""
    dtype: DType = DType.FLOAT
    shape: tuple[int, ...] = ()
    label: str | None = None
    unit: str = ""
    is_command: bool = False
    """True for an action: there is no value before, and what was put cannot be read back."""
    before: Value | None = None
    before_severity: Severity | None = None
    before_ns: int | None = None
    bounds: Bounds = field(factory=Bounds)
    """The bounds in force: limits file and the system's own, intersected."""
    readback: str | None = None
    tolerance: float = 0.0
    """Absolute, in the channel's unit."""
    precision: int | None = None
    description: str = ""
    line: int | None = None


@frozen(kw_only=True)
class PolicyDemand:
    """What a write policy of a plugin asks of the approval of a batch."""

    rule: str
    """``policy.<name>``."""
    reason: str
    persons: int
    roles: tuple[str, ...]


@frozen(kw_only=True)
class Judgement:
    """The verdict on a whole batch. One refused item refuses all of it."""

    target: str
    is_allowed: bool
    items: tuple[JudgedItem, ...]
    limits_sha256: str
    simulated: bool
    posture: str
    judged_ns: int
    observe: tuple[str, ...] = ()
    settle_s: float = 0.0
    demands: tuple[PolicyDemand, ...] = ()
    """Who has to approve it beyond the facility's own configuration."""


@frozen(kw_only=True)
class ApplyRequest:
    """Carry out an approved request. The guard loads the payload itself, by id and hash."""

    request_id: str
    sha256: str
    actor: Actor


@frozen(kw_only=True)
class ItemReport:
    """What became of one item."""

    name: str
    group: int
    index: int
    value: Value
    before: Value | None
    outcome: Outcome
    readback: Value | None = None
    severity: Severity | None = None
    reason: str = ""


@frozen(kw_only=True)
class ApplyReport:
    """What became of an approved request.

    ``status`` is a final state of the request (`done`, `partial`, `failed`, `in_doubt`), or `refused` with
    the rule, or `approved` if nothing was claimed because a check before the claim failed (an unreachable
    or moved channel): then the approval still stands.
    """

    request_id: str
    status: str
    items: tuple[ItemReport, ...] = ()
    observations: tuple[tuple[ReadResult, ...], ...] = ()
    """One row of readings for each confirmed group, if the batch asked to observe."""
    restore: WriteBatch | None = None
    """If it stopped half-way: the way back, to be asked for as a request of its own (`osprey ledger restore`)."""
    rule: str = ""
    reason: str = ""
