"""Past values as values: a span of time, what an archive knows of a channel, and the columns of a series."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from attrs import field, frozen

from osprey.control.values import Fault, Severity


@frozen(kw_only=True)
class ArchiveSpan:
    """A half-open interval of time, with the most samples a channel may return."""

    start_ns: int
    end_ns: int
    max_points: int = field(default=2000)


@frozen(kw_only=True)
class ArchiveInfo:
    """What an archive itself says about one channel; nothing in it is assumed."""

    channel: str
    is_archived: bool
    """False if the archive knows that it does not record it; no answer is a `Fault` instead."""
    first_ns: int | None = None
    """Of the oldest sample, int64 ns UTC; None if the archive does not tell."""
    last_ns: int | None = None
    period_s: float | None = None
    """Sampling period; None for an archive on change, or if it does not tell."""
    unit: str = ""
    description: str = ""
    status: str = ""
    """The archive's own word, such as ``Being archived`` or ``Paused``."""


SEVERITIES: Final = (Severity.OK, Severity.MINOR, Severity.MAJOR, Severity.INVALID)
"""The order in which a column of an archive holds severities as small numbers, 0 to 3 (those of EPICS)."""

INVALID_NUMBER: Final = SEVERITIES.index(Severity.INVALID)


@frozen(kw_only=True)
class ArchivedSample:
    """One past value."""

    time_ns: int
    value: float
    severity: int = 0
    """A number of `SEVERITIES`."""


@frozen(kw_only=True)
class ArchiveSeries:
    """Past values of one channel, oldest first; three columns of equal length, all within the span that was asked.

    A column is any sequence; archivers hand over NumPy arrays (int64, float64, int8). So ask for `len(values)`, never
    for the truth of a column. A value whose severity is INVALID is kept as the archive has it, and is no measurement:
    `osprey.control.archive` gives the values with gaps in its place. Waveforms are not given: their series is a fault.
    """

    channel: str
    unit: str = ""
    times_ns: Sequence[int] = field(default=(), eq=tuple)
    values: Sequence[float] = field(default=(), eq=tuple)
    """A truth value is 0 or 1; an enumeration its number; a text the number of its place in `labels`; NaN: no value."""
    severities: Sequence[int] = field(default=(), eq=tuple)
    """Numbers of `SEVERITIES`; of a reduced series, the worst of what stands behind each point."""
    labels: tuple[str, ...] = ()
    """Of texts, and of an enumeration whose texts the archive knows: the texts, by number."""
    before: ArchivedSample | None = None
    """The last sample before the span, which held when it began; None: there is none, or the archive does not tell."""
    is_reduced: bool = False
    """True if the source averaged or thinned to stay within `max_points`."""
    reduction: str = ""
    """How it did, such as ``mean of 60 s``."""
    coverage: str = ""
    """What the span did not contain, such as ``no samples before 2026-11-20 08:00:00 UTC``."""
    fault: Fault | None = None
