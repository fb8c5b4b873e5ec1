"""What a connector is tested against: a running control system, and the parts that its channels play."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import ClassVar, Final, Literal

import attrs
from attrs import Attribute, field, frozen

from osprey.control import Connector


def _has_reason(_instance: object, _attribute: Attribute[str], reason: str) -> None:
    if len(reason.split()) < 3:
        msg = f"Absent({reason!r}): say in a sentence why this system cannot have it"
        raise ValueError(msg)


@frozen
class Absent:
    """A part that no channel of this system can play; its tests are not made."""

    reason: str = field(validator=_has_reason)


Role = str | Absent


@frozen(kw_only=True)
class Roles:
    """Which channel of the peer plays which part. Different parts are played by different channels."""

    number: str
    """A writable scalar float with completed puts, read back as written, that nothing else changes."""
    number_range: tuple[float, float] = (0.0, 1.0)
    """Values that `number` takes."""
    unit: str = ""
    """Of `number`."""
    aliases: Mapping[str, str] = field(factory=dict[str, str])
    """Other spellings of channels, and their canonical names: ``{"X.VAL": "X"}``."""
    integer: Role
    """A writable scalar integer that takes 1 and 2."""
    flag: Role
    """A writable truth value."""
    text: Role
    """A writable text that takes a few letters."""
    enumeration: Role
    """A writable enumeration of two states or more."""
    waveform: Role
    """A writable array of floats, with two elements or more."""
    read_only: Role
    """It can be read, and the system takes no put to it from this client."""
    limited: Role
    """A writable float for which the system itself has a lower and an upper limit for puts."""
    missing: Role
    """A name that could be a channel, and is none."""
    slow_read: Role
    """Its reading takes a second or longer (at most ten)."""
    slow_put: Role
    """A float; its put takes a second or longer (at most ten) until it completes."""
    rejecting: Role
    """A float to which the system answers each put with no."""
    alarmed: Role
    """It reads with a severity other than ok."""
    search: Role
    """A text by which the connector's `search` finds `number`."""
    every_change: Literal[True] | Absent = True
    """Absent if a subscription looks now and then, so that it cannot see every change."""
    takes_any_name: bool = False
    """True for a mock, to which every name is a channel."""

    def readable(self) -> list[str]:
        """Give the channels that can be read at once."""
        names = (self.number, self.integer, self.flag, self.text, self.enumeration, self.waveform, self.read_only)
        return [name for name in (*names, self.limited) if isinstance(name, str)]

    def __iter__(self) -> Iterator[tuple[str, object]]:
        """Give every part with what plays it."""
        return iter(attrs.asdict(self, recurse=False).items())


class ConnectorPeer(ABC):
    """A control system on this computer, usually in processes of its own and on free ports."""

    roles: ClassVar[Roles]
    stops: ClassVar[Literal[True] | Absent] = True
    """Absent if this system cannot go away and come back."""
    slow_deadline_s: ClassVar[float] = 0.4
    """A deadline that the slow channels miss."""
    deadline_s: ClassVar[float] = 20.0
    """A deadline that everything else keeps on a busy computer."""

    folder: Path
    """Its own; set before `start`."""

    @abstractmethod
    def start(self) -> None:
        """Start it and block until it serves. After a `stop`: again, on the same address."""

    @abstractmethod
    def stop(self) -> None:
        """End it at once, as a crash would; called once more at the end."""

    @abstractmethod
    async def connect(self, folder: Path) -> Connector:
        """Open a new connector to it, with `folder` as its `state_dir`."""

    def count_puts(self, channel: str) -> int:
        """Give how many puts to a channel have reached the system since it started. Override it where it can tell."""
        raise NotImplementedError(channel)


PARTS: Final = frozenset(a.name for a in attrs.fields(Roles))


def parts_of(peer: type[ConnectorPeer]) -> frozenset[str]:
    """Give the names of the parts that this peer has; `stops` and `count_puts` count as parts."""
    parts = {name for name, player in peer.roles if not isinstance(player, Absent)}
    if not peer.roles.aliases:
        parts.discard("aliases")
    if peer.stops is True:
        parts.add("stops")
    if peer.count_puts is not ConnectorPeer.count_puts:
        parts.add("count_puts")
    return frozenset(parts)
