"""How a channel of the ring may be written: by name or alias, with `.VAL`, as a record's field."""

from __future__ import annotations

import re
from typing import Final

from attrs import frozen

from osprey.api import ErrorKind, Fault
from osprey_sim.catalogue import Catalogue, Channel

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


def resolve(catalogue: Catalogue, asked: str) -> ResolvedName | Fault:
    """Find the channel of a name, or say which names are close to it."""
    base, _, rest = asked.partition(".")
    number = catalogue.number(base)
    if number is None:
        return _not_found(catalogue, asked, base)
    match = _FIELD.match(rest)
    field = match.group() if match else "VAL"
    return ResolvedName(
        asked=asked,
        number=number,
        channel=catalogue.channels[number],
        field=field,
        has_modifier=len(rest) > (match.end() if match else 0),
    )


def _not_found(catalogue: Catalogue, asked: str, base: str) -> Fault:
    close = catalogue.closest(base)
    hint = f"; the closest: {', '.join(close)}" if close else ""
    message = f"the simulated ring has no channel {asked!r}{hint}"
    return Fault(channel=asked, kind=ErrorKind.NOT_FOUND, message=message)


def field_fault(name: ResolvedName) -> Fault:
    """Say that only the value of a channel can be had."""
    message = f"{name.asked!r}: the simulated ring serves values only; ask for {name.channel.record.name!r}"
    return Fault(channel=name.asked, kind=ErrorKind.UNSUPPORTED, message=message)
