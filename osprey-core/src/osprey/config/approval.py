"""`approval` as values: which work needs whose agreement, who the people are, and who is told."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path

from attrs import field, frozen

from osprey.config.rules import Positive, SecretHash, WebAddress
from osprey.config.section import Section


class GlobalMode(StrEnum):
    """`approval.global_mode`. No mode removes the approval of a write."""

    DISABLED = "disabled"
    """None but that of writes."""
    SELECTIVE = "selective"
    """That of writes, and what `approval.capabilities` adds."""
    ALL_CAPABILITIES = "all_capabilities"
    """Of every step."""


class ApprovalMode(StrEnum):
    """`approval.capabilities.<name>.mode`: which work of a capability a person approves."""

    DISABLED = "disabled"
    """Of nothing but its writes."""
    CONTROL_WRITES = "control_writes"
    """Of its writes. Also written `epics_writes`, a deprecated spelling that is read as this one."""
    ALL_CODE = "all_code"
    """Of all code, also of that which only reads."""


class NoticeEvent(StrEnum):
    """`approval.notify.<name>.events`."""

    FILED = "filed"
    """A request waits for a decision."""
    VOTED = "voted"
    """One of several people has approved; others have to."""
    EXPIRING = "expiring"
    """Its time is nearly over, and nobody has decided."""
    DECIDED = "decided"
    """It was approved, rejected, withdrawn or superseded."""
    ENDED = "ended"
    """It was carried out, in part or wholly, failed, is in doubt, or has expired."""


@frozen(kw_only=True)
class CapabilityApproval:
    """`approval.capabilities.<name>`: what is asked for beyond the approval of every write."""

    enabled: bool = True
    """Whether this capability asks for more approval than that of its writes."""
    mode: ApprovalMode | None = None
    """None: the capability's own rule."""


@frozen(kw_only=True)
class PersonConfig:
    """`approval.people.<name>`: somebody who decides, known to the system by subjects and secrets."""

    subjects: tuple[str, ...] = ()
    """Who this is for the system, such as ``os:alice``; one subject belongs to one person."""
    roles: tuple[str, ...] = ()
    """The roles that policies ask for."""
    secret_hash: str | None = field(default=None, validator=SecretHash(), repr=False)
    """Of a PIN or token that only this person knows; `osprey approvals hash-secret` makes it."""


@frozen(kw_only=True)
class ApprovalPolicyConfig:
    """`approval.policies.<name>`: what certain requests need beyond one person. All that match hold together."""

    kinds: tuple[str, ...] = ()
    """Kinds of request it is about, such as ``channel_write`` (patterns); none: all."""
    targets: tuple[str, ...] = ()
    """Targets it is about (patterns); none: all."""
    channels: tuple[str, ...] = ()
    """Channels it is about (patterns): one is enough; none: all, and requests without channels too."""
    change_above: float | None = field(default=None, validator=Positive())
    """Only where a change is larger than this share of the permitted range, or has no range to be compared with."""
    requesters: tuple[str, ...] = ()
    """Who asks, as subjects or names of people (patterns); none: everybody."""
    deny: str | None = None
    """Refuse such requests, with this sentence as the reason."""
    persons: int | None = field(default=None, validator=Positive())
    """How many people have to approve. Two or more: each by a secret, and never one who asked or edited."""
    roles: Mapping[str, int] = field(factory=dict[str, int])
    """How many of them have to hold a role."""
    authenticated: bool = False
    """Whether one person, too, has to approve by a secret that the asking process does not hold."""
    expires_after_s: float | None = field(default=None, validator=Positive())
    """How long such a request may be decided and claimed, if shorter than `approval.expires_after_s`."""
    remember_uses: int | None = field(default=None, validator=Positive())
    """How often a remembered decision may be used; without it no such decision is remembered."""
    remember_for_s: float | None = field(default=None, validator=Positive())
    """How long a remembered decision may last; without it no such decision is remembered."""


@frozen(kw_only=True)
class NotificationConfig:
    """`approval.notify.<name>`: somebody, or something, that is told of requests."""

    via: str
    """The name of an installed notifier: `desktop`, `email`, `webhook`, `chat`, or a plugin's."""
    events: tuple[NoticeEvent, ...] = ()
    """What it is told; none: everything."""
    kinds: tuple[str, ...] = ()
    """Kinds of request it is told of (patterns); none: all."""
    settings: Section = field(factory=Section)
    """The notifier's own settings, checked by the settings class that it declares."""


@frozen(kw_only=True)
class ApprovalConfig:
    """`approval`. Keys can only add: on a target of posture `approval` none removes a write's approval."""

    expires_after_s: float = field(default=3600.0, validator=Positive())
    """How long a request may be decided and claimed."""
    warn_before_s: float = field(default=300.0, validator=Positive())
    """How long before its end a living process (`osprey approvals watch`, a terminal that asks) warns; at most half of
    a request's life."""
    global_mode: GlobalMode = GlobalMode.SELECTIVE
    """Which capabilities ask for approval beyond that of writes."""
    capabilities: Mapping[str, CapabilityApproval] = field(factory=dict[str, CapabilityApproval])
    people: Mapping[str, PersonConfig] = field(factory=dict[str, PersonConfig])
    policies: Mapping[str, ApprovalPolicyConfig] = field(factory=dict[str, ApprovalPolicyConfig])
    notify: Mapping[str, NotificationConfig] = field(factory=dict[str, NotificationConfig])
    inbox_url: str = field(default="", validator=WebAddress(is_optional=True))
    """Where the inbox can be opened; notices link to it. A link alone never approves."""
    desk_users: tuple[str, ...] = ()
    """Users of this host whom `osprey desk serve` answers; the system tells who they are."""
    desk_socket: Path | None = None
    """Where its socket lies, in a folder that they can enter; without it `approvals.sock` beside the database."""

    @property
    def version(self) -> str:
        """Give what changes with every rule on who has to approve what; people and notices are no part of it."""
        rules = [self.global_mode, sorted(self.capabilities.items()), sorted(self.policies.items())]
        return hashlib.sha256(repr(rules).encode()).hexdigest()[:16]
