"""What a connector, an archiver and a write policy must be. Structural: nothing is inherited.

Batch first: one call for a thousand channels. Results come in the order asked and of the same length;
one bad channel is a value among good ones, never an exception. Exceptions are for a dead connector
(`ConnectorError`) and for a caller's mistake.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from attrs import frozen

from osprey.control.archive.series import ArchiveInfo, ArchiveSeries, ArchiveSpan
from osprey.control.values import ChannelInfo, ChannelRecord, ChannelStatus, Endpoint, Fault, Put, PutResult, ReadResult


@frozen(kw_only=True)
class ConnectContext:
    """What a connector or an archiver is told when it is opened."""

    target: str
    settings: Any
    """An instance of the registration's settings class, or a plain mapping if it declares none."""
    state_dir: Path
    """A private folder of this target inside the project, for what has to outlive the process."""


class Updates(Protocol):
    """A running subscription: an iterator of lists, with a count of what was lost."""

    dropped: int
    """How many updates a full buffer has discarded (the oldest first); always 0 where they are conflated."""

    def __aiter__(self) -> AsyncIterator[list[ReadResult]]: ...

    async def __anext__(self) -> list[ReadResult]: ...


@runtime_checkable
class Connector(Protocol):
    """A control system: it carries bytes and holds no policy.

    Only the guard calls `write`; a test of the repository holds that.
    """

    @classmethod
    async def connect(cls, context: ConnectContext) -> Connector:
        """Open it; must not wait for channels, and must not touch another instance's state."""
        ...

    async def aclose(self) -> None: ...

    async def read(self, channels: Sequence[str], *, timeout_s: float) -> list[ReadResult]:
        """Read fresh values (never a monitor's cache) within one deadline for the whole batch."""
        ...

    async def write(self, puts: Sequence[Put], *, timeout_s: float) -> list[PutResult]:
        """Send each put once, together, and report the real completion status. Never retry."""
        ...

    async def describe(self, channels: Sequence[str], *, timeout_s: float) -> list[ChannelInfo | Fault]: ...

    async def probe(self, channels: Sequence[str], *, timeout_s: float) -> list[ChannelStatus]: ...

    async def search(self, pattern: str, *, limit: int) -> list[ChannelRecord]:
        """Channels that the system can list itself, all for ``""``; empty where it cannot list any."""
        ...

    def subscribe(
        self, channels: Sequence[str], *, max_rate_hz: float = 10.0, buffer: int = 0
    ) -> AbstractAsyncContextManager[Updates]:
        """Updates in lists, at most `max_rate_hz` lists a second.

        With `buffer` 0 they are conflated to the latest value of each channel. Otherwise up to `buffer` updates of
        each channel are kept between two lists, oldest first, and what did not fit is counted in `Updates.dropped`.
        """
        ...

    async def endpoints(self, *, timeout_s: float) -> list[Endpoint]:
        """Where reads and writes go, and whether something answers there, all asked within one deadline."""
        ...


@runtime_checkable
class Surveyor(Protocol):
    """A connector whose system tells of a channel and its value in one answer; no connector has to be one.

    The guard asks it once more just before an approved batch is put. Whatever can change while a connection lasts
    (value, severity, unit, labels, drive limits, access) is of this very exchange; only what cannot (the
    canonical name, the type) may be remembered, and must be forgotten with the connection.
    """

    async def survey(
        self, channels: Sequence[str], *, timeout_s: float
    ) -> Sequence[tuple[ChannelInfo | Fault, ReadResult]]:
        """Describe and read, in the order asked."""
        ...


@runtime_checkable
class Archiver(Protocol):
    """A source of past values."""

    @classmethod
    async def connect(cls, context: ConnectContext) -> Archiver: ...

    async def aclose(self) -> None: ...

    async def fetch(self, channels: Sequence[str], span: ArchiveSpan, *, timeout_s: float) -> list[ArchiveSeries]:
        """Past values in the order asked; a channel that has none carries its fault."""
        ...

    async def describe(self, channels: Sequence[str], *, timeout_s: float) -> list[ArchiveInfo | Fault]:
        """What the archive itself says of each channel, in the order asked."""
        ...

    async def search(self, pattern: str, *, limit: int, timeout_s: float) -> list[str]:
        """Names of archived channels that match a glob such as ``SR01:*``; empty where it cannot list any."""
        ...


@frozen(kw_only=True)
class PolicyItem:
    """One write as a policy sees it, after names, types and limits were settled."""

    target: str
    channel: str
    value: Any
    before: Any
    unit: str
    actor: str


@frozen
class Denial:
    """A policy's no."""

    channel: str
    reason: str


@frozen(kw_only=True)
class Requirement:
    """A policy's condition: who has to approve the list, if the write to this channel is in it."""

    channel: str
    reason: str
    persons: int = 1
    """How many different people; two or more count only with a secret, and never the one who asks."""
    roles: tuple[str, ...] = ()
    """Roles of which each has to be held by one of them."""


@runtime_checkable
class WritePolicy(Protocol):
    """A rule of the facility. It must be quick, and every exception it raises denies."""

    def judge(self, items: Sequence[PolicyItem]) -> Sequence[Denial | Requirement]: ...
