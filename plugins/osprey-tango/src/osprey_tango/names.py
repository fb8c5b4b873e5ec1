"""The parts of a channel's name: database, device, and attribute or command.

``domain/family/member/attribute`` and ``alias/attribute`` belong to the default database,
``tango://host:port/domain/family/member/attribute`` to another, and with ``#dbase=no`` to a server that runs
without one. Tango takes no notice of letter case, so everything is brought to lower case here.
"""

from __future__ import annotations

import re

from attrs import frozen

_NAME = re.compile(
    r"(?:tango://(?:(?P<host>[^\s/#:]+:\d{1,5})/)?)?"
    r"(?P<device>[^\s/#>:]+(?:/[^\s/#>:]+/[^\s/#>:]+)?)"
    r"/(?P<part>[^\s/#>:]+)"
    r"(?P<dbase>#dbase=(?:yes|no))?"
)


@frozen
class ChannelName:
    """A channel's name, taken apart, in lower case."""

    host: str
    """``host:port``, empty for the default database."""
    device: str
    """Three fields, or an alias."""
    part: str
    """The attribute or the command."""
    has_database: bool = True

    @property
    def server(self) -> tuple[str, bool]:
        """Where the device is looked up."""
        return self.host, self.has_database


def parse_name(name: str) -> ChannelName | None:
    """Take a channel's name apart; None if it is no name of an attribute or a command."""
    match = _NAME.fullmatch(name.lower())
    if match is None or not name.isprintable():
        return None
    has_database = match["dbase"] != "#dbase=no"
    if not has_database and not match["host"]:
        return None
    return ChannelName(match["host"] or "", match["device"], match["part"], has_database)


def explain_bad_name(name: str) -> str:
    """Say why a text is no channel's name, and how one is written."""
    return (
        f"{name!r} is not a channel's name: write 'domain/family/member/attribute', "
        "'tango://host:port/domain/family/member/attribute', or the latter with '#dbase=no'"
    )


def resource_name(host: str, device: str, *, has_database: bool) -> str:
    """Give the name by which the Tango library finds a device; a bare one where there is no host."""
    place = f"tango://{host}/{device}" if host else device
    return place if has_database else f"{place}#dbase=no"


def canonical_name(host: str, device: str, part: str, *, has_database: bool) -> str:
    """Give the one name of a channel; `host` is empty for the default database."""
    place = f"tango://{host}/{device}/{part}" if host else f"{device}/{part}"
    return (place if has_database else f"{place}#dbase=no").lower()
