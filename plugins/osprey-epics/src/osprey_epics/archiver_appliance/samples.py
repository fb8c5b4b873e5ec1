"""Columns of samples as an answer holds them, and what is cut off them to keep to a span."""

from __future__ import annotations

from typing import Any

import numpy as np
from attrs import evolve, field, frozen

from osprey.api import ArchivedSample, ArchiveSpan, ErrorKind
from osprey_epics.archiver_appliance.server import AnswerError

STATISTICS = 5
"""Elements of a point of the operator ``optimized``: mean, standard deviation, least, greatest, count."""
_WORST = 3


def _no_times() -> Any:
    return np.zeros(0, dtype=np.int64)


def _no_values() -> Any:
    return np.zeros(0)


def _no_severities() -> Any:
    return np.zeros(0, dtype=np.int8)


@frozen(kw_only=True, eq=False)
class Samples:
    """Three columns, and what the answer said of the channel."""

    times_ns: Any = field(factory=_no_times)
    values: Any = field(factory=_no_values)
    severities: Any = field(factory=_no_severities)
    labels: tuple[str, ...] = ()
    counted: int | None = None
    """How many samples the server says to stand behind, where each value is the mean of a bin."""
    unit: str = ""

    @property
    def is_summary(self) -> bool:
        """True if each value is the mean of a bin, out of the statistics that the server gave."""
        return self.counted is not None

    def __len__(self) -> int:
        return len(self.times_ns)

    def take(self, which: Any) -> Samples:
        """Give the samples that an index, a slice or a mask names."""
        return evolve(self, times_ns=self.times_ns[which], values=self.values[which], severities=self.severities[which])

    def in_order(self) -> Samples:
        """Give them by time; of samples of one time (two stores may hold the same) the last."""
        steps = np.diff(self.times_ns)
        if not len(steps) or steps.min() > 0:
            return self
        order = np.argsort(self.times_ns, kind="stable")
        times_ns = self.times_ns[order]
        return self.take(order[np.append(times_ns[1:] != times_ns[:-1], True)])

    def split(self, span: ArchiveSpan) -> tuple[Samples, ArchivedSample | None]:
        """Give those of the half-open span, and the last one before it."""
        first, end = np.searchsorted(self.times_ns, [span.start_ns, span.end_ns])
        before = None
        if first:
            before = ArchivedSample(
                time_ns=int(self.times_ns[first - 1]),
                value=float(self.values[first - 1]),
                severity=int(self.severities[first - 1]),
            )
        return self.take(slice(first, end)), before

    def clipped(self, span: ArchiveSpan, width_ns: int) -> Samples:
        """Give the points of bins that reach into the span, each with a time inside it.

        A bin's time is its middle; the bins at both ends reach beyond the span. The bin before the first one holds the
        last sample before the span alone, and is left out.
        """
        kept = (self.times_ns >= span.start_ns // width_ns * width_ns) & (
            self.times_ns // width_ns <= (span.end_ns - 1) // width_ns
        )
        inside = self.take(kept)
        return evolve(inside, times_ns=np.clip(inside.times_ns, span.start_ns, span.end_ns - 1))


def times_of(seconds: Any, nanos: Any) -> Any:
    """Join seconds and nanoseconds exactly: no floating point holds both."""
    return np.asarray(seconds, dtype=np.int64) * 1_000_000_000 + np.asarray(nanos, dtype=np.int64)


def severities_of(numbers: Any) -> Any:
    """Give EPICS severities; beyond 3 stand the archiver's own (disconnected, stopped), where no value is one."""
    return np.clip(np.asarray(numbers, dtype=np.int64), 0, _WORST).astype(np.int8)


def texts_as_numbers(texts: list[str]) -> tuple[Any, tuple[str, ...]]:
    """Give texts as numbers of their places among the different ones, in the order of their first appearance."""
    places: dict[str, float] = {}
    return np.array([places.setdefault(text, float(len(places))) for text in texts], dtype=np.float64), tuple(places)


def means_of(table: Any, where: str) -> tuple[Any, int]:
    """Give the means out of rows of statistics, and how many samples they are made of.

    :raises AnswerError: the rows are no statistics, so they are the elements of a waveform.
    """
    if table.ndim != 2 or table.shape[1] != STATISTICS or not _are_statistics(table):
        raise waveform(table.shape[1] if table.ndim == 2 else 0, where)
    return table[:, 0], int(table[:, -1].sum())


def _are_statistics(table: Any) -> bool:
    """Say whether rows may be what the operator makes; of a bin without a number, all but the count is NaN."""
    mean, deviation, least, greatest, count = (table[:, column] for column in range(STATISTICS))
    # The mean is a sum that was rounded; it may lie beyond the extremes by some of its last digits.
    slack = 1e-9 * np.maximum(np.abs(least), np.abs(greatest))
    is_empty = np.isnan(mean)
    is_mean = (least - slack <= mean) & (mean <= greatest + slack) & (deviation >= 0) & (count >= 1)
    has_infinity = ~np.isfinite(mean)
    return bool(np.all(is_empty | is_mean | has_infinity) and np.all(count == np.floor(count)))


def waveform(size: int, where: str) -> AnswerError:
    """Say that a channel has no single value."""
    told = f"a waveform of {size} elements" if size else "a waveform"
    message = f"it is {told}; the past of waveforms is not given: {where}"
    return AnswerError(ErrorKind.UNSUPPORTED, message)
