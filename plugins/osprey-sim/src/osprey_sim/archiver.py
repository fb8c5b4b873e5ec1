"""The ring's past 24 hours: nothing is stored, the past is computed from the history of the setpoints."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

import numpy as np
from anyio import to_thread
from attrs import frozen

from osprey.api import (
    ArchiveSeries,
    ArchiveSpan,
    ConnectContext,
    DType,
    ErrorKind,
    Fault,
)
from osprey_sim.catalogue import Channel
from osprey_sim.history import History
from osprey_sim.names import ResolvedName, field_fault, resolve
from osprey_sim.noise import Floats, Ints
from osprey_sim.ring import SEVERITIES, Ring, severities_of
from osprey_sim.settings import SimSettings

SAMPLE_NS: Final = 1_000_000_000
"""One sample a second, at whole seconds."""
KEPT_NS: Final = 24 * 3600 * SAMPLE_NS
_AVERAGED: Final = 16
"""A mean is taken over at most so many samples, spread evenly over its bin."""


class SimArchiver:
    """The archive of the simulated ring."""

    def __init__(self, ring: Ring) -> None:
        self._ring = ring

    @classmethod
    async def connect(cls, context: ConnectContext) -> SimArchiver:
        """Open the past of the ring; give `state` the file of a served ring to see that one's past."""
        settings: SimSettings = context.settings
        history = History(settings.state_file(context.state_dir), seed=settings.seed)
        ring = Ring(history, noise=settings.noise)
        await to_thread.run_sync(ring.refresh)
        return cls(ring)

    async def aclose(self) -> None:
        """Nothing is held open between calls."""

    async def fetch(self, channels: Sequence[str], span: ArchiveSpan, *, timeout_s: float) -> list[ArchiveSeries]:
        """Give the samples of the half-open span; with more than `max_points`, means of equal bins."""
        return await to_thread.run_sync(self._fetch, channels, span, timeout_s)

    def _fetch(self, channels: Sequence[str], span: ArchiveSpan, timeout_s: float) -> list[ArchiveSeries]:
        names = [resolve(self._ring.catalogue, channel) for channel in channels]
        names = [field_fault(n) if isinstance(n, ResolvedName) and not n.is_value else n for n in names]
        failure = self._failure(span, timeout_s)
        if failure is not None:
            kind, message = failure
            return [_failed(Fault(channel=channel, kind=kind, message=message)) for channel in channels]
        now_ns = self._ring.history.now_ns()
        bins, coverage = Bins.of(span, now_ns), _coverage(span, now_ns)
        good = [name for name in names if isinstance(name, ResolvedName)]
        series = iter(self._series(good, bins, coverage))
        return [_failed(name) if isinstance(name, Fault) else next(series) for name in names]

    def _series(self, names: Sequence[ResolvedName], bins: Bins, coverage: str) -> list[ArchiveSeries]:
        samples = self._ring.sample([name.number for name in names], bins.sample_times_ns())
        found: list[ArchiveSeries] = []
        for column, name in enumerate(names):
            is_stepped = name.channel.is_writable or name.channel.dtype is DType.ENUM
            values, severities = bins.reduce(
                name.channel, samples.values[:, column], samples.is_invalid[:, column], is_stepped=is_stepped
            )
            found.append(
                ArchiveSeries(
                    channel=name.asked,
                    unit=name.channel.record.unit,
                    times_ns=bins.stamps_ns(is_stepped=is_stepped).tolist(),
                    values=values.tolist(),
                    severities=[SEVERITIES[number] for number in severities.tolist()],
                    is_reduced=bins.width > 1,
                    coverage=coverage,
                )
            )
        return found

    def _failure(self, span: ArchiveSpan, timeout_s: float) -> tuple[ErrorKind, str] | None:
        if span.end_ns <= span.start_ns or span.max_points < 1:
            return ErrorKind.BAD_VALUE, "the span ends before it starts, or asks for no point"
        try:
            self._ring.refresh(timeout_s=timeout_s)
        except TimeoutError as exc:
            return ErrorKind.TIMEOUT, str(exc)
        return None


@frozen(kw_only=True)
class Bins:
    """A span cut into equal bins of `width` samples; the last one may be shorter."""

    first_ns: int
    count: int
    """Samples in the span."""
    width: int

    @classmethod
    def of(cls, span: ArchiveSpan, now_ns: int) -> Bins:
        """Cut the part of the span that the archive has, so that it has at most `max_points` bins."""
        start_ns = max(span.start_ns, now_ns - KEPT_NS)
        end_ns = min(span.end_ns, now_ns + 1)
        first = -(-start_ns // SAMPLE_NS)
        count = max(0, -(-end_ns // SAMPLE_NS) - first)
        width = max(1, -(-count // span.max_points))
        return cls(first_ns=first * SAMPLE_NS, count=count, width=width)

    @property
    def _taken(self) -> Ints:
        """Which samples of a bin are looked at."""
        taken = min(self.width, _AVERAGED)
        return np.arange(taken) * self.width // taken

    @property
    def _starts(self) -> Ints:
        return np.arange(0, self.count, self.width)

    def sample_times_ns(self) -> Ints:
        """Give the times of all samples that are looked at, bin after bin; some past the end repeat it."""
        numbers = self._starts[:, np.newaxis] + self._taken
        return self.first_ns + SAMPLE_NS * np.minimum(numbers, self.count - 1).ravel()

    def stamps_ns(self, *, is_stepped: bool) -> Ints:
        """Give a time a bin: of its first sample, or of its middle where it stands for a mean."""
        ends = np.minimum(self._starts + self.width, self.count) - 1
        middle = (self._starts + ends) * SAMPLE_NS // 2
        return self.first_ns + (self._starts * SAMPLE_NS if is_stepped else middle)

    def reduce(
        self, channel: Channel, values: Floats, is_invalid: np.ndarray, *, is_stepped: bool
    ) -> tuple[Floats, np.ndarray]:
        """Give value and worst severity of each bin: a mean, or its first value where it goes in steps."""
        if not self.count:
            return values[:0], np.zeros(0, dtype=np.int64)
        shape = (-1, len(self._taken))
        severities = severities_of(channel, values, is_invalid).reshape(shape).max(axis=1)
        table = values.reshape(shape)
        if is_stepped:
            return table[:, 0], severities
        # What an instrument could not measure has no part in a mean.
        weights = np.where(is_invalid.reshape(shape), 0.0, 1.0)
        weights[weights.sum(axis=1) == 0] = 1.0
        return (table * weights).sum(axis=1) / weights.sum(axis=1), severities


def _failed(fault: Fault) -> ArchiveSeries:
    return ArchiveSeries(channel=fault.channel, fault=fault)


def _coverage(span: ArchiveSpan, now_ns: int) -> str:
    """Say which part of the span the archive does not have."""
    missing: list[str] = []
    if span.start_ns < now_ns - KEPT_NS:
        missing.append(f"no samples before {_text(now_ns - KEPT_NS)}")
    if span.end_ns > now_ns + SAMPLE_NS:
        missing.append(f"no samples after {_text(now_ns)}")
    return "; ".join(missing)


def _text(t_ns: int) -> str:
    return datetime.fromtimestamp(t_ns / 1e9, tz=UTC).strftime("%Y-%m-%d %H:%M UTC")
