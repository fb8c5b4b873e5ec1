"""The settings of the archiver `archiver-appliance`; nothing here imports an HTTP or an array library."""

from __future__ import annotations

import math
import re
from enum import StrEnum
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from attrs import Attribute, field, frozen

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_MOST_REQUESTS = 64


class Format(StrEnum):
    """How samples travel."""

    JSON = "json"
    """Text; every type of channel."""
    RAW = "raw"
    """Protocol buffers: smaller, and read faster."""


class Reduction(StrEnum):
    """What the server makes of the samples of a bin, if there are more than the budget."""

    OPTIMIZED = "optimized"
    """Means; the server itself decides whether the samples fit unreduced (one request a channel)."""
    MEAN = "mean"
    """The mean of the bin."""
    MEDIAN = "median"
    """The median of the bin."""
    MIN = "min"
    """The smallest of the bin."""
    MAX = "max"
    """The largest of the bin."""
    FIRST_SAMPLE = "firstSample"
    """The bin's first sample as it is."""
    LAST_SAMPLE = "lastSample"
    """The bin's last sample as it is."""


def _is_url(instance: object, attribute: Attribute[str | None], value: str | None) -> None:
    if value is None:
        return
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        msg = f"{attribute.name} {value!r}: give 'http://host:port' or 'https://host/path', without '?' and '#'"
        raise ValueError(msg)
    if parts.username or parts.password:
        msg = f"{attribute.name}: leave name and password out of the address; give them in secret_headers"
        raise ValueError(msg)


def _is_time(instance: object, attribute: Attribute[float], value: float) -> None:
    if not (math.isfinite(value) and 0 < value <= 3600):
        msg = f"{attribute.name} {value}: give a positive number of seconds, at most 3600"
        raise ValueError(msg)


def _is_count(instance: object, attribute: Attribute[int], value: int) -> None:
    most = _MOST_REQUESTS if attribute.name == "concurrency" else 10**9
    if isinstance(value, bool) or not 1 <= value <= most:
        msg = f"{attribute.name} {value}: give a whole number between 1 and {most}"
        raise ValueError(msg)


def _as_headers(value: Any) -> tuple[tuple[str, str], ...]:
    pairs = tuple(dict(value).items())
    for name, text in pairs:
        if not (isinstance(name, str) and _TOKEN.fullmatch(name)):
            msg = f"secret_headers: {name!r} is not the name of an HTTP header"
            raise ValueError(msg)
        if not isinstance(text, str) or not text.isascii() or not text.isprintable():
            msg = f"secret_headers.{name}: give a text of printable ASCII characters, without line breaks"
            raise ValueError(msg)
    return pairs


@frozen(kw_only=True)
class ApplianceSettings:
    """`archiver.archiver-appliance`, or the `archiver_settings` of a target of this archiver."""

    url: str = field(validator=_is_url)
    """Where the Appliance is, such as ``http://archiver:17668``; ``/retrieval`` and ``/mgmt`` are added."""
    retrieval_url: str | None = field(default=None, validator=_is_url)
    """Where samples are asked for. None: `url` with ``/retrieval``."""
    management_url: str | None = field(default=None, validator=_is_url)
    """Where it is asked what is archived, such as ``http://archiver:17665/mgmt``. None: `url` with ``/mgmt``."""
    format: Format = Format.JSON
    """How samples travel; ``raw`` is smaller and faster, and needs ``osprey-epics[raw]``."""
    reduction: Reduction = Reduction.OPTIMIZED
    """What stands for the samples of a bin if there are more than may be returned."""
    timeout_s: float = field(default=60.0, validator=_is_time)
    """The longest that one request may take, within what the caller allows."""
    max_points: int = field(default=100_000, validator=_is_count)
    """The most samples of a channel that are ever asked for, whatever a caller wants."""
    max_bytes: int = field(default=64_000_000, validator=_is_count)
    """An answer that grows beyond this is given up."""
    concurrency: int = field(default=4, validator=_is_count)
    """The most requests at a time."""
    verify: bool = True
    """Check the certificate of an ``https`` server."""
    ca_file: Path | None = None
    """Certificates to trust instead of those of the operating system."""
    secret_headers: Any = field(default=(), converter=_as_headers, repr=False)
    """Headers for every request, such as ``Authorization: ${ARCHIVER_AUTHORIZATION}``; never shown."""

    @property
    def retrieval(self) -> str:
        """The address before ``/data/getData.json``."""
        return (self.retrieval_url or f"{self.url.rstrip('/')}/retrieval").rstrip("/")

    @property
    def management(self) -> str:
        """The address before ``/bpl/getPVTypeInfo``."""
        return (self.management_url or f"{self.url.rstrip('/')}/mgmt").rstrip("/")
