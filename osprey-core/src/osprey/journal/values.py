"""What goes into the journal and comes out of it: frozen values, JSON inside."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final, Protocol

from attrs import field, frozen

from osprey.journal.requests.votes import Needs


class ActorLike(Protocol):
    """Who acts: the control room's `Actor` has this shape, so has `Who`."""

    @property
    def subject(self) -> str: ...
    @property
    def terminal(self) -> str: ...
    @property
    def host(self) -> str: ...


@frozen
class Who:
    """An actor of the journal's own making: a requester known by name only, or a recovery."""

    subject: str
    terminal: str = ""
    host: str = ""


class RequestState(StrEnum):
    """Where a request is in its life. None goes back; a trigger of the database holds that as well."""

    PENDING = "pending"
    APPROVED = "approved"
    CLAIMED = "claimed"
    DONE = "done"
    PARTIAL = "partial"
    FAILED = "failed"
    IN_DOUBT = "in_doubt"
    REJECTED = "rejected"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    SUPERSEDED = "superseded"


FOLLOWING_STATES: Final[Mapping[RequestState, frozenset[RequestState]]] = {
    RequestState.PENDING: frozenset(
        {
            RequestState.APPROVED,
            RequestState.REJECTED,
            RequestState.EXPIRED,
            RequestState.WITHDRAWN,
            RequestState.SUPERSEDED,
        }
    ),
    RequestState.APPROVED: frozenset(
        {RequestState.CLAIMED, RequestState.EXPIRED, RequestState.WITHDRAWN, RequestState.SUPERSEDED}
    ),
    RequestState.CLAIMED: frozenset(
        {RequestState.DONE, RequestState.PARTIAL, RequestState.FAILED, RequestState.IN_DOUBT}
    ),
}
"""The only steps there are; a state that is not a key here is final."""

CONCLUSIONS: Final = FOLLOWING_STATES[RequestState.CLAIMED]
"""What a claimed request can end as."""


@frozen(kw_only=True)
class NewRequest:
    """A request as it is filed."""

    kind: str
    title: str
    thread: str
    document: str
    """What is hashed and approved, to the byte."""
    risk: str
    requester: str
    expires_ns: int
    presentation: Mapping[str, Any] = field(factory=dict[str, Any])
    """What is shown beside the document; JSON, not hashed, never applied."""
    key: str | None = None
    """Filing again under the same key gives the first row: a step that runs again files once."""
    supersedes: str | None = None
    """The request that this one replaces (an edit) or continues (a remainder)."""
    needs: Needs = field(factory=Needs)
    policy: str = ""
    """The version of the rules that made `needs`."""
    authors: tuple[str, ...] = ()
    """The people who asked for it; without any the requester. Those of what it supersedes are added."""


@frozen(kw_only=True)
class RequestRow:
    """A request as it is stored."""

    id: str
    kind: str
    title: str
    thread: str
    document: str
    sha256: str
    risk: str
    requester: str
    state: RequestState
    created_ns: int
    expires_ns: int
    presentation: Mapping[str, Any]
    key: str | None
    supersedes: str | None
    decided_by: str | None
    decided_ns: int | None
    reason: str
    """Why it was rejected, withdrawn, superseded or let expire."""
    claimed_by: str | None
    claimed_ns: int | None
    owner: str | None
    """The ledger owner that claimed it."""
    groups: int | None
    """How many groups its writes have, if the claim said so."""
    finished_ns: int | None
    report: Mapping[str, Any] | None
    needs: Needs = field(factory=Needs)
    policy: str = ""
    authors: tuple[str, ...] = ()
    """The people who asked for it or edited it."""
    seal: str = ""


@frozen(kw_only=True)
class Intent:
    """One write that is about to be sent. Values are JSON and exact (float hex, integer text)."""

    target: str
    channel: str
    """Canonical."""
    group: int
    index: int
    """Its place in the group."""
    value: Any
    before: Any = None
    tolerance: float = 0.0
    readback: str | None = None
    """The channel that shows what the device does."""


@frozen(kw_only=True)
class Receipt:
    """What became of the intent of this group and index."""

    group: int
    index: int
    outcome: str
    """A word of the control room's `Outcome`; `unconfirmed` leaves a doubt."""
    readback: Any = None
    reason: str = ""


class IntentState(StrEnum):
    """What the ledger knows of an intent."""

    OPEN = "open"
    """It may be sent at any moment, or was, and no receipt has come yet."""
    CLOSED = "closed"
    """A receipt, or a read-back after a crash, says what became of it."""
    IN_DOUBT = "in_doubt"
    """It may have landed, or may still land. The channel is closed to writes until a person settles it."""
    SETTLED = "settled"
    """A person said what became of it."""


UNCONFIRMED: Final = "unconfirmed"
PRESENT_AFTER_CRASH: Final = "present_after_crash"
LANDED: Final = frozenset({"confirmed", PRESENT_AFTER_CRASH})
NOT_SENT: Final = frozenset({"refused", "failed", "unrequested"})
"""Outcomes after which the control system surely did not take the value."""


class Settlement(StrEnum):
    """What a person says about an intent in doubt."""

    LANDED = "landed"
    DID_NOT_LAND = "did_not_land"


@frozen(kw_only=True)
class IntentRow:
    """An intent as it is stored, with what is known of it."""

    id: int
    request_id: str
    owner: str
    target: str
    channel: str
    group: int
    index: int
    value: Any
    before: Any
    tolerance: float
    readback: str | None
    state: IntentState
    outcome: str
    """The receipt's outcome, `present_after_crash`, or a person's word; empty while open."""
    observed: Any
    """The value that was read back."""
    reason: str
    opened_ns: int
    closed_ns: int | None
    settled_by: str | None
    actor: str
    """Who had it sent; empty in rows of an earlier version."""


@frozen(kw_only=True)
class HaltState:
    """Whether all writes are stopped."""

    is_set: bool
    actor: str = ""
    reason: str = ""
    since_ns: int | None = None
    revoked: tuple[str, ...] = ()
    """The approved requests that setting it took back; said by `Halt.set` alone."""


@frozen(kw_only=True)
class AuditRow:
    """One row of the audit."""

    seq: int
    ns: int
    actor: str
    terminal: str
    host: str
    event: str
    """Such as ``request.approved``, ``ledger.claimed``, ``refused``."""
    subject: str
    """The request, intent or owner that it is about."""
    detail: Mapping[str, Any]


class FindingKind(StrEnum):
    """What is wrong with the audit."""

    EDITED = "edited"
    """A row's seal does not fit: it, or the order of rows, was changed, or it was written without the key."""
    MISSING = "missing"
    TRUNCATED = "truncated"
    """The anchor proves rows at the end that are gone."""
    ANCHOR_MISMATCH = "anchor_mismatch"
    ANCHOR_DAMAGED = "anchor_damaged"
    ANCHOR_RESTARTED = "anchor_restarted"
    COPY_DAMAGED = "copy_damaged"
    """A copy is not what was exported, or the audit was not intact then."""
    COPY_DIFFERS = "copy_differs"
    """The project's audit is not what a genuine copy says it was."""


@frozen
class Finding:
    """One thing that is wrong, at one row."""

    kind: FindingKind
    seq: int
    message: str


@frozen(kw_only=True)
class AuditVerdict:
    """What a check of the whole audit found."""

    rows: int
    anchored: int
    """Rows that the anchor file vouches for."""
    findings: tuple[Finding, ...] = ()
    note: str = ""
    """What is not wrong, but should be known: rows that are not anchored yet, a torn line."""

    @property
    def is_intact(self) -> bool:
        return not self.findings
