"""Between int64 nanoseconds and PostgreSQL's microseconds, exactly."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


def to_ns(moment: datetime) -> int:
    """Give the nanoseconds of a stored time."""
    return (moment - _EPOCH) // _MICROSECOND * 1000


def from_ns(time_ns: int) -> datetime:
    """Give the first stored time that is not before `time_ns`.

    Both ends of a half-open span are rounded up so: of times in whole microseconds, that keeps exactly those inside.

    :raises OverflowError: it is outside of what a date can hold.
    """
    return _EPOCH + timedelta(microseconds=-(-time_ns // 1000))
