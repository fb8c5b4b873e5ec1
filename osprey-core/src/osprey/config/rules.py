"""What a section or a value obeys beyond its types.

A rule is an attrs validator that looks at nothing but the value, so that the configuration checks each one
beside its key's line, and reports all that fail, before an instance exists.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from ipaddress import ip_address
from typing import Any, ClassVar, Final
from urllib.parse import urlsplit

from attrs import frozen

from osprey.config.section import Unset

_VISIBLE: Final = re.compile(r"[!-~]+")
_HEADER_NAME: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_HEADER_VALUE: Final = re.compile(r"[ -~\t]*")
_SECRET_HASH: Final = re.compile(r"scrypt:\d+:\d+:\d+:[0-9a-f]{32}:[0-9a-f]{64}")


class Layout:
    """A section as the file lays it out: None stands for a key that is missing.

    A key that is there without a value is an error, but for those in `NULLABLE`.
    """

    NULLABLE: ClassVar[frozenset[str]] = frozenset()


class ValueRule:
    """A validator that judges the value alone; what does not exist passes: a key, or a variable that is not set."""

    def check(self, value: Any) -> None:
        """Accept `value`.

        :raises ValueError: with what was expected.
        """
        raise NotImplementedError

    def __call__(self, instance: object, attribute: Any, value: Any) -> None:
        if value is not None and not isinstance(value, Unset):
            self.check(value)


@frozen
class Positive(ValueRule):
    """A finite number greater than 0."""

    def check(self, value: float) -> None:
        """Accept a number greater than 0 and below infinity."""
        if not (math.isfinite(value) and value > 0):
            msg = f"expected a finite number greater than 0, not {value}"
            raise ValueError(msg)


@frozen
class AtLeast(ValueRule):
    """A finite number that is not below a bound."""

    least: float

    def check(self, value: float) -> None:
        """Accept a number from `least` on and below infinity."""
        if not (math.isfinite(value) and value >= self.least):
            msg = f"expected a finite number of at least {self.least:g}, not {value}"
            raise ValueError(msg)


@frozen
class TimeZoneName(ValueRule):
    """A name of the IANA time zone database."""

    def check(self, value: str) -> None:
        """Accept a name that this host's database knows."""
        from osprey.config.time_zones import check_time_zone

        check_time_zone(value)


@frozen
class SecretHash(ValueRule):
    """A line that `osprey approvals hash-secret` has printed."""

    def check(self, value: str) -> None:
        """Accept the form of a hash; the secret itself is never accepted in its place."""
        if not _SECRET_HASH.fullmatch(value):
            msg = "expected what `osprey approvals hash-secret` prints, which begins with 'scrypt:'"
            raise ValueError(msg)


@frozen
class WebAddress(ValueRule):
    """An address of the web without a name and password in it, which everybody who reads the address would have."""

    is_optional: bool = False
    """Whether the empty text stands for none."""

    def check(self, value: str) -> None:
        """Accept ``http`` and ``https`` with a host; no message repeats what was given."""
        if not (self.is_optional and not value) and not _is_web_address(value):
            from osprey.config.scalar_hooks import UnshownError

            raise UnshownError("an address such as https://host/path, without a name and password in it")


@frozen
class NotBlank(ValueRule):
    """A text in which something stands."""

    def check(self, value: str) -> None:
        """Accept a text that is more than spaces."""
        if not value.strip():
            msg = "expected a text that is not empty"
            raise ValueError(msg)


@frozen
class HeaderFields(ValueRule):
    """Headers of a request, each of which can be sent as it stands."""

    def check(self, value: Mapping[str, object]) -> None:
        """Accept names of HTTP and values on one line; no message repeats a value."""
        for name, text in value.items():
            if not _HEADER_NAME.fullmatch(name) or (isinstance(text, str) and not _HEADER_VALUE.fullmatch(text)):
                from osprey.config.scalar_hooks import UnshownError

                raise UnshownError("headers of HTTP: a name such as X-Api-Key, and a value in ASCII on one line")


def is_loopback(host: str) -> bool:
    """Say whether what goes to a host stays on this one."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _is_web_address(text: str) -> bool:
    if not _VISIBLE.fullmatch(text):
        return False
    try:
        parts = urlsplit(text)
        is_named = bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    return is_named and parts.scheme in ("http", "https") and "@" not in parts.netloc
