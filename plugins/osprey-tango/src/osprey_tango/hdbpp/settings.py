"""The settings of the archiver `hdbpp`; nothing here imports a database library."""

from __future__ import annotations

import math
from typing import Any
from urllib.parse import urlsplit

from attrs import Attribute, field, frozen


def _is_dsn(instance: object, attribute: Attribute[str], value: str) -> None:
    is_url = "://" in value
    if is_url and urlsplit(value).scheme not in ("postgresql", "postgres"):
        msg = "url: give 'postgresql://reader@host:5432/hdb', or 'host=... dbname=...'"
        raise ValueError(msg)
    if not is_url and "=" not in value:
        msg = "url: give 'postgresql://reader@host:5432/hdb', or 'host=... dbname=...'"
        raise ValueError(msg)


def _is_time(instance: object, attribute: Attribute[float], value: float) -> None:
    if not (math.isfinite(value) and 0 < value <= 3600):
        msg = f"{attribute.name} {value}: give a positive number of seconds, at most 3600"
        raise ValueError(msg)


def _is_count(instance: object, attribute: Attribute[int], value: int) -> None:
    most = 32 if attribute.name == "connections" else 10**7
    if isinstance(value, bool) or not 1 <= value <= most:
        msg = f"{attribute.name} {value}: give a whole number between 1 and {most}"
        raise ValueError(msg)


@frozen(kw_only=True)
class HdbppSettings:
    """`archiver.hdbpp`, or the `archiver_settings` of a target of this archiver."""

    url: str = field(validator=_is_dsn)
    """The database, ``postgresql://reader@host:5432/hdb`` or libpq's ``host=... dbname=...``."""
    secret_password: Any = field(default=None, repr=False)
    """The password, such as ``${HDB_PASSWORD}``; never shown. None: libpq's own ways (``.pgpass``, peer)."""
    schema: str = "public"
    """The schema that holds the tables."""
    timeout_s: float = field(default=60.0, validator=_is_time)
    """The longest that one statement may run at the server, within what the caller allows."""
    connect_timeout_s: float = field(default=5.0, validator=_is_time)
    """The longest that opening a connection may take."""
    max_points: int = field(default=100_000, validator=_is_count)
    """The most samples of an attribute that are ever asked for, whatever a caller wants."""
    connections: int = field(default=4, validator=_is_count)
    """The most connections at a time; none is opened before it is needed."""
