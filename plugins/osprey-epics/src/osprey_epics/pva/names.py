"""A channel's name in PV Access, and the path into its structure.

As in Phoebus, a slash leads into the structure: ``X`` is the value, ``X/alarm/severity`` a part of the structure,
``T/current`` a column of a table. No EPICS record has a slash in its name; where another server's channel has, it is
written as ``%2F``.
"""

from __future__ import annotations

from attrs import frozen

from osprey_epics.names import explain_bad_name, parse_name

_SLASH = "%2F"
_LONGEST = 500
"""In bytes: a search for a longer name does not fit a datagram with others."""


@frozen
class PvaName:
    """A channel's name, taken apart."""

    channel: str
    """As its server knows it."""
    path: tuple[str, ...]
    """Into its structure; empty for the value."""

    @property
    def spelling(self) -> str:
        """The channel as it is written in front of a path."""
        return self.channel.replace("/", _SLASH)


def parse_pva_name(name: str) -> PvaName:
    """Take a channel's name apart; ``X/value`` is ``X``."""
    channel, _, path = name.partition("/")
    parts = tuple(path.split("/")) if path else ()
    return PvaName(channel.replace(_SLASH, "/"), () if parts == ("value",) else parts)


def explain_bad_pva_name(name: str) -> str:
    """Say why nobody must be asked for this name; empty if it may be."""
    channel = parse_pva_name(name).channel
    if len(channel.encode(errors="replace")) > _LONGEST:
        return f"{name[:40]!r}... is not a channel's name: it is longer than {_LONGEST} bytes"
    if not parse_name(channel).record:
        return f"{name!r} is not a channel's name: it names no record"
    return explain_bad_name(channel)
