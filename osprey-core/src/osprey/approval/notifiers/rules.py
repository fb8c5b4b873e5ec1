"""What the settings of notifiers obey, checked beside the key's line. No message repeats what may be secret."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import urlsplit

from attrs import frozen

from osprey.config.rules import ValueRule, is_loopback
from osprey.config.scalar_hooks import UnshownError

_MAIL: Final = re.compile(r"[!#$%&'*+/=?^_`{|}~.A-Za-z0-9-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*")
_VISIBLE: Final = re.compile(r"[!-~]+")
_HOST: Final = re.compile(r"[A-Za-z0-9_.:-]+")
_MOST_PORT: Final = 65535


@frozen
class MailAddresses(ValueRule):
    """One address of mail, or several, none of them with a name or a line break in it."""

    def check(self, value: str | Sequence[str]) -> None:
        """Accept addresses alone, at least one."""
        addresses = [value] if isinstance(value, str) else list(value)
        wrong = [address for address in addresses if not _MAIL.fullmatch(address)]
        if wrong or not addresses:
            found = f", not {wrong[0]!r}" if wrong else ""
            msg = f"expected an address such as crew@facility.org{found}"
            raise ValueError(msg)


@frozen
class HostName(ValueRule):
    """A name or address of a host."""

    def check(self, value: str) -> None:
        """Accept a name without a port, a space or anything else."""
        if not _HOST.fullmatch(value):
            msg = f"expected the name of a host, not {value!r}"
            raise ValueError(msg)


@frozen
class PortNumber(ValueRule):
    """A port of TCP."""

    def check(self, value: int) -> None:
        """Accept 1 to 65535."""
        if not 0 < value <= _MOST_PORT:
            msg = f"expected a port from 1 to {_MOST_PORT}, not {value}"
            raise ValueError(msg)


@frozen
class HeaderText(ValueRule):
    """A text that can stand in a header of HTTP and be nothing else."""

    def check(self, value: str) -> None:
        """Accept visible ASCII characters, at least one."""
        if not _VISIBLE.fullmatch(value):
            raise UnshownError("visible ASCII characters without spaces and line breaks")


@frozen
class Secret(ValueRule):
    """A text that is not empty, as an environment variable without a value would make it."""

    is_ascii: bool = False
    """Whether it has to be printable ASCII, which is all that the protocol carries."""

    def check(self, value: str) -> None:
        """Accept any text but the empty one."""
        if not value:
            raise UnshownError("a text that is not empty")
        if self.is_ascii and not (value.isascii() and value.isprintable()):
            raise UnshownError("printable ASCII characters")


def require_private(key: str, address: str, *, allow_plain_http: bool) -> None:
    """Go on only if nobody on the way can read what goes to a web address, or the configuration allows it.

    :raises ValueError: it is plain ``http`` to another host.
    """
    parts: Any = urlsplit(address)
    if parts.scheme == "https" or is_loopback(parts.hostname) or allow_plain_http:
        return
    msg = f"{key} is plain http to another host, where anybody on the way can read it: use https, or allow_plain_http"
    raise ValueError(msg)
