"""How a channel of the ring may be written: by name or alias, with `.VAL`, as a record's field."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from attrs import frozen

from osprey.api import ErrorKind, Fault
from osprey_sim.catalogue import Catalogue, Channel

_MOST_HINTS: Final = 5
_LONGEST: Final = 100
"""A longer name is no slip of the hand."""
_FIELD: Final = re.compile(r"[A-Za-z][A-Za-z0-9]*")


@frozen(kw_only=True)
class ResolvedName:
    """What a name means."""

    asked: str
    number: int
    channel: Channel
    field: str = "VAL"
    has_modifier: bool = False

    @property
    def is_value(self) -> bool:
        """True if the name means the channel's value and nothing else."""
        return self.field == "VAL" and not self.has_modifier


def resolve_all(catalogue: Catalogue, channels: Sequence[str]) -> list[ResolvedName | Fault]:
    """Find the channels of a batch; close names are looked for, which is slow, for the first few that are missing."""
    found: list[ResolvedName | Fault] = []
    hints = _MOST_HINTS
    for asked in channels:
        found.append(resolve(catalogue, asked, with_hint=hints > 0))
        hints -= isinstance(found[-1], Fault)
    return found


def resolve(catalogue: Catalogue, asked: str, *, with_hint: bool = True) -> ResolvedName | Fault:
    """Find the channel of a name, or say which names are close to it."""
    base, _, rest = asked.partition(".")
    number = catalogue.number(base)
    if number is None:
        return _not_found(asked, catalogue.closest(base) if with_hint and len(base) <= _LONGEST else ())
    match = _FIELD.match(rest)
    field = match.group() if match else "VAL"
    return ResolvedName(
        asked=asked,
        number=number,
        channel=catalogue.channels[number],
        field=field,
        has_modifier=len(rest) > (match.end() if match else 0),
    )


def _not_found(asked: str, close: Sequence[str]) -> Fault:
    hint = f"; the closest: {', '.join(close)}" if close else ""
    message = f"the simulated ring has no channel {asked!r}{hint}"
    return Fault(channel=asked, kind=ErrorKind.NOT_FOUND, message=message)


def field_fault(name: ResolvedName) -> Fault:
    """Say that only the value of a channel can be had."""
    message = f"{name.asked!r}: the simulated ring serves values only; ask for {name.channel.record.name!r}"
    return Fault(channel=name.asked, kind=ErrorKind.UNSUPPORTED, message=message)
