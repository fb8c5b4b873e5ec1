"""What phrases are made of: subjects, amounts, moments and spans."""

from __future__ import annotations

from enum import StrEnum

from attrs import frozen


class Role(StrEnum):
    """Which side of a device was named; the same words as `ChannelRecord.role`."""

    SETPOINT = "setpoint"
    READBACK = "readback"
    STATUS = "status"


class Statistic(StrEnum):
    """A figure that sums up many values."""

    MEAN = "mean"
    MEDIAN = "median"
    STD = "std"
    RMS = "rms"
    MIN = "min"
    MAX = "max"
    TREND = "trend"


@frozen(kw_only=True)
class Word:
    """A stretch of the request's text."""

    text: str
    start: int
    end: int


@frozen(kw_only=True)
class Subject:
    """What the request is about, in its own words; a directory resolves it to channels."""

    text: str
    start: int
    end: int
    names: tuple[str, ...] = ()
    """Words with the look of a device or channel name, as written."""
    words: tuple[str, ...] = ()
    """Lower-case words of family, plane and quantity."""
    sectors: tuple[int, ...] = ()
    roles: tuple[Role, ...] = ()
    is_every: bool = False
    """True if the request said `every`, `all`, `each` or `both`."""


@frozen(kw_only=True)
class Amount:
    """A number with the unit that was written behind it, exactly as it was written."""

    text: str
    """The digits, or ``nan``, ``inf``, ``-inf``."""
    unit: str | None = None

    @property
    def value(self) -> float:
        """The number without its unit."""
        return float(self.text)


@frozen(kw_only=True)
class Moment:
    """A point in time, in int64 nanoseconds since 1970 UTC."""

    text: str
    ns: int


@frozen(kw_only=True)
class Span:
    """A half-open interval of time."""

    text: str
    start_ns: int
    end_ns: int
