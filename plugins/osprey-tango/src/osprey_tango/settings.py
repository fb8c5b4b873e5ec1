"""The settings of a target with connector `tango`; nothing here imports a control-system library."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from typing import Any

from attrs import Attribute, field, frozen

_HOST = re.compile(r"[^\s/#:,]+:\d{1,5}(?:,[^\s/#:,]+:\d{1,5})*")
_MOST_THREADS = 64


def _as_patterns(value: str | Iterable[str]) -> tuple[str, ...]:
    """Take one text or a list of them; Tango's names have no letter case."""
    words: tuple[Any, ...] = (value,) if isinstance(value, str) else tuple(value)
    for word in words:
        if not isinstance(word, str) or word.count("/") < 1 or re.search(r"\s", word):
            msg = f"{word!r} is not a command: write it as 'domain/family/member/Command'; '*' and '?' are wildcards"
            raise ValueError(msg)
    return tuple(word.lower() for word in words)


def _as_hosts(value: str | Iterable[str]) -> tuple[str, ...]:
    words: tuple[Any, ...] = (value,) if isinstance(value, str) else tuple(value)
    for word in words:
        if not isinstance(word, str) or "," in word or not _HOST.fullmatch(word):
            msg = f"other_hosts {word!r}: give 'host:port' of a Tango database or of a server without one"
            raise ValueError(msg)
    return tuple(word.lower() for word in words)


def _as_times(value: float | Iterable[float]) -> tuple[float, ...]:
    times: tuple[Any, ...] = (value,) if isinstance(value, int | float) else tuple(value)
    if not times or not all(_is_time(time_s) for time_s in times):
        msg = f"timeouts_s {value!r}: give positive numbers of seconds, at most an hour, such as [1, 3, 10, 30]"
        raise ValueError(msg)
    return tuple(sorted(set(map(float, times))))


def _is_time(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0.001 <= value <= 3600


def _is_database(instance: object, attribute: Attribute[str | None], value: str | None) -> None:
    if value is not None and not _HOST.fullmatch(value):
        msg = f"{attribute.name} {value!r}: give 'host:port' of the Tango database, such as 'tangodb:10000'"
        raise ValueError(msg)


def _is_count(instance: object, attribute: Attribute[int], value: int) -> None:
    if isinstance(value, bool) or not 1 <= value <= _MOST_THREADS:
        msg = f"{attribute.name} {value}: give a whole number between 1 and {_MOST_THREADS}"
        raise ValueError(msg)


def _is_positive(instance: object, attribute: Attribute[float], value: float) -> None:
    if not (math.isfinite(value) and 0 < value <= 86400):
        msg = f"{attribute.name} {value}: give a positive number of seconds"
        raise ValueError(msg)


@frozen(kw_only=True)
class BreakerSettings:
    """When a device that does not answer is left alone."""

    failures: int = field(default=3, validator=_is_count)
    """After so many calls in a row without an answer, the device is left alone."""
    open_s: float = field(default=10.0, validator=_is_positive)
    """For so long every call is answered `unreachable` at once; then one call tries it again."""


@frozen(kw_only=True)
class CommandSettings:
    """What the commands of devices do; a command that is not named here is one that writes."""

    reads: Any = field(default=(), converter=_as_patterns)
    """Commands that only tell something: reading the channel executes them, and they are never written."""
    writes: Any = field(default=(), converter=_as_patterns)
    """Commands that act: writing the channel executes them once. They win over `reads`."""


@frozen(kw_only=True)
class TangoSettings:
    """The whole section; without any key the process's own ``TANGO_HOST`` decides."""

    host: str | None = field(default=None, validator=_is_database)
    """The Tango database, ``host:port``. None: the process's environment (``TANGO_HOST``, ``tangorc``)."""
    other_hosts: Any = field(default=(), converter=_as_hosts)
    """Further databases, and servers without one, as ``host:port``: their devices have the canonical name
    ``tango://host:port/...`` with the host as it is written here. Devices of any other host are read, never written."""
    threads: int = field(default=12, validator=_is_count)
    """The most calls at a time; one that was given up keeps its thread until it ends."""
    timeouts_s: Any = field(default=(1.0, 3.0, 10.0, 30.0), converter=_as_times)
    """Time limits of a call at the device: the smallest that is not shorter than what the caller allows."""
    breaker: BreakerSettings = field(factory=BreakerSettings)
    """When a device that does not answer is left alone."""
    commands: CommandSettings = field(factory=CommandSettings)
    """Which commands only read."""
    polling_period_s: float = field(default=1.0, validator=_is_positive)
    """How often an attribute without change events is read for a subscription."""
    search_timeout_s: float = field(default=10.0, validator=_is_positive)
    """How long a search may ask the devices for their attributes."""
