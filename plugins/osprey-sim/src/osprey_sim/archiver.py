"""The ring's past 24 hours: nothing is stored, the past is computed from the history of the setpoints."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Final

import numpy as np
from anyio import to_thread
from attrs import frozen

from osprey.api import (
    ArchiveInfo,
    ArchiveSeries,
    ArchiveSpan,
    ConnectContext,
    ConnectorError,
    DType,
    ErrorKind,
    Fault,
    describe_coverage,
)
from osprey_sim.catalogue import Channel
from osprey_sim.history import History
from osprey_sim.names import ResolvedName, field_fault, resolve_all
from osprey_sim.noise import Floats, Ints
from osprey_sim.ring import Ring, severities_of
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
        self._is_closed = False

    @classmethod
    async def connect(cls, context: ConnectContext) -> SimArchiver:
        """Open the past of the ring; give `state` the file of a served ring to see that one's past."""
        settings: SimSettings = context.settings
        history = History(settings.state_file(context.state_dir), seed=settings.seed)
        ring = Ring(history, noise=settings.noise)
        await to_thread.run_sync(ring.refresh)
        return cls(ring)

    async def aclose(self) -> None:
        """Nothing is held open between calls, and nothing is given any more."""
        self._is_closed = True

    async def fetch(self, channels: Sequence[str], span: ArchiveSpan, *, timeout_s: float) -> list[ArchiveSeries]:
        """Give the samples of the half-open span; with more than `max_points`, means of equal bins."""
        return await to_thread.run_sync(self._fetch, channels, span, timeout_s)

    async def describe(self, channels: Sequence[str], *, timeout_s: float) -> list[ArchiveInfo | Fault]:
        """Say of each channel that all of the ring is archived, once a second, for 24 hours."""
        return await to_thread.run_sync(self._describe, channels, timeout_s)

    async def search(self, pattern: str, *, limit: int, timeout_s: float) -> list[str]:
        """Give the names of channels that match a glob; all for an empty one."""
        names = (channel.record.name for channel in self._ring.catalogue.channels)
        return [name for name in names if fnmatchcase(name, pattern or "*")][:limit]

    def _resolve(self, channels: Sequence[str]) -> list[ResolvedName | Fault]:
        if self._is_closed:
            msg = "the archiver of the simulated ring is closed: open it again"
            raise ConnectorError(msg)
        names = resolve_all(self._ring.catalogue, channels)
        return [field_fault(n) if isinstance(n, ResolvedName) and not n.is_value else n for n in names]

    def _describe(self, channels: Sequence[str], timeout_s: float) -> list[ArchiveInfo | Fault]:
        names = self._resolve(channels)
        try:
            self._ring.refresh(timeout_s=timeout_s)
        except TimeoutError as exc:
            return [Fault(channel=channel, kind=ErrorKind.TIMEOUT, message=str(exc)) for channel in channels]
        now_ns = self._ring.history.now_ns()
        first_ns = -(-(now_ns - KEPT_NS) // SAMPLE_NS) * SAMPLE_NS
        return [name if isinstance(name, Fault) else _info(name, first_ns, now_ns) for name in names]

    def _fetch(self, channels: Sequence[str], span: ArchiveSpan, timeout_s: float) -> list[ArchiveSeries]:
        names = self._resolve(channels)
        failure = self._failure(span, timeout_s)
        if failure is not None:
            kind, message = failure
            return [_failed(Fault(channel=channel, kind=kind, message=message)) for channel in channels]
        now_ns = self._ring.history.now_ns()
        bins = Bins.of(span, now_ns)
        coverage = bins.coverage(span, now_ns)
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
                    times_ns=bins.stamps_ns(is_stepped=is_stepped),
                    values=values,
                    severities=severities.astype(np.int8),
                    is_reduced=bins.width > 1,
                    reduction=bins.told(is_stepped=is_stepped),
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

    def coverage(self, span: ArchiveSpan, now_ns: int) -> str:
        """Say which part of `span` the archive does not have."""
        last_ns = self.first_ns + (self.count - 1) * SAMPLE_NS
        return describe_coverage(
            span,
            first_ns=self.first_ns if self.count else None,
            last_ns=last_ns if self.count else None,
            now_ns=now_ns,
            begins=span.start_ns < now_ns - KEPT_NS,
            step_ns=SAMPLE_NS,
        )

    def told(self, *, is_stepped: bool) -> str:
        """Say how the samples were reduced; empty if they were not."""
        if self.width == 1:
            return ""
        return f"{'first value' if is_stepped else 'mean'} of {self.width} s"

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


def _info(name: ResolvedName, first_ns: int, now_ns: int) -> ArchiveInfo:
    record = name.channel.record
    return ArchiveInfo(
        channel=name.asked,
        is_archived=True,
        first_ns=first_ns,
        last_ns=now_ns // SAMPLE_NS * SAMPLE_NS,
        period_s=SAMPLE_NS / 1e9,
        unit=record.unit,
        description=record.description,
        status="simulated",
    )


def _failed(fault: Fault) -> ArchiveSeries:
    return ArchiveSeries(channel=fault.channel, fault=fault)
