"""One series: decide what to ask, ask it, and see that the answer keeps to span and budget."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from anyio import to_thread
from attrs import evolve

from osprey.api import (
    ArchivedSample,
    ArchiveSeries,
    ArchiveSpan,
    ConnectorError,
    describe_coverage,
)
from osprey_epics.archiver_appliance.json_format import parse_json
from osprey_epics.archiver_appliance.questions import ALL_SAMPLES, Question, bounds, reduced
from osprey_epics.archiver_appliance.samples import Samples, waveform
from osprey_epics.archiver_appliance.server import Server
from osprey_epics.archiver_appliance.settings import ApplianceSettings, Format, Reduction
from osprey_epics.archiver_appliance.type_info import TypeInfo

_SECOND_NS: Final = 10**9
_REMEDY: Final = "ask for one of its elements as a channel of its own"


def require_raw() -> None:
    """See that the raw format can be read."""
    from osprey_epics.archiver_appliance.raw_format import require_decoder

    require_decoder()


def search_error(message: str) -> ConnectorError:
    """Say that the channels of an archive could not be listed."""
    return ConnectorError(f"the archived channels cannot be listed: {message}")


class Retrieval:
    """Asks the retrieval side of an Appliance."""

    def __init__(self, server: Server, settings: ApplianceSettings) -> None:
        self._server = server
        self._reduction = settings.reduction
        self._format = settings.format

    async def series(self, channel: str, span: ArchiveSpan, info: TypeInfo) -> ArchiveSeries:
        """Give the samples of a span within its budget.

        :raises AnswerError: there are none to be had.
        """
        if info.is_waveform:
            raise waveform(info.elements, _REMEDY)
        question = await self._question(channel, span, info)
        samples = await self._ask(channel, span, question)
        if samples.counted is not None and samples.counted <= span.max_points:
            # So that there are never too many bins, fewer than the budget were asked for; all samples do fit.
            question = ALL_SAMPLES
            samples = await self._ask(channel, span, question)
        series = _cut(channel, span, info, question, samples)
        if len(series.times_ns) <= span.max_points:
            return series
        # More came than the sampling period, or the count, had promised; now the server has to reduce.
        question = reduced(span, span.max_points, self._fitting(info, samples))
        samples = await self._ask(channel, span, question)
        return _thinned(_cut(channel, span, info, question, samples), span.max_points)

    async def last_ns(self, channel: str, now_ns: int) -> int | None:
        """Give the time of the last sample: the server gives it for any later span."""
        span = ArchiveSpan(start_ns=now_ns, end_ns=now_ns + _SECOND_NS)
        samples = await self._ask(channel, span, ALL_SAMPLES)
        return int(samples.times_ns[-1]) if len(samples) else None

    async def _question(self, channel: str, span: ArchiveSpan, info: TypeInfo) -> Question:
        """Choose between all samples and bins, so that no unreduced answer exceeds the budget."""
        if info.period_s is not None and (span.end_ns - span.start_ns) / 1e9 / info.period_s + 1 <= span.max_points:
            return ALL_SAMPLES
        reduction = self._fitting(info, None)
        if reduction is Reduction.OPTIMIZED:
            return reduced(span, span.max_points, reduction)
        if await self._count(channel, span) <= span.max_points:
            return ALL_SAMPLES
        return reduced(span, span.max_points, reduction)

    def _fitting(self, info: TypeInfo, samples: Samples | None) -> Reduction:
        """A text or an enumeration has no mean: the last sample stands for its bin, unless the first is wanted."""
        is_label = info.is_label or bool(samples is not None and samples.labels)
        if not is_label or self._reduction is Reduction.FIRST_SAMPLE:
            return self._reduction
        return Reduction.LAST_SAMPLE

    async def _count(self, channel: str, span: ArchiveSpan) -> int:
        samples = await self._answer({"pv": f"ncount({channel})", **bounds(span)}, Format.JSON)
        return int(samples.values[-1]) if len(samples) else 0

    async def _ask(self, channel: str, span: ArchiveSpan, question: Question) -> Samples:
        query = {"pv": question.expression(channel), **bounds(span)}
        if self._format is Format.RAW:
            from osprey_epics.archiver_appliance.raw_format import UndecodableError

            with contextlib.suppress(UndecodableError):
                return await self._answer(query, Format.RAW)
        return await self._answer(query, Format.JSON)

    async def _answer(self, query: Mapping[str, Any], form: Format) -> Samples:
        body = await self._server.retrieve(f"data/getData.{form}", query)
        parse = _parser(form)
        return await to_thread.run_sync(lambda: parse(body).in_order(), abandon_on_cancel=True)


def _parser(form: Format) -> Callable[[bytes], Samples]:
    if form is Format.RAW:
        from osprey_epics.archiver_appliance.raw_format import parse_raw

        return parse_raw
    return parse_json


def _cut(channel: str, span: ArchiveSpan, info: TypeInfo, question: Question, samples: Samples) -> ArchiveSeries:
    """Make a series of an answer: times within the span, the sample before it apart, the rest in words."""
    is_reduced = question.reduction is not None and (
        samples.is_summary or question.reduction is not Reduction.OPTIMIZED
    )
    before: ArchivedSample | None = None
    has_earlier = False
    if is_reduced and question.reduction not in (Reduction.FIRST_SAMPLE, Reduction.LAST_SAMPLE):
        inside = samples.clipped(span, question.width_s * _SECOND_NS)
        has_earlier = len(inside) < len(samples)
    else:
        inside, before = samples.split(span)
        has_earlier = before is not None
    count = len(inside)
    return ArchiveSeries(
        channel=channel,
        unit=samples.unit or info.unit,
        times_ns=inside.times_ns,
        values=inside.values,
        severities=inside.severities,
        labels=samples.labels,
        before=before,
        is_reduced=is_reduced,
        reduction=question.told if is_reduced else "",
        coverage=describe_coverage(
            span,
            first_ns=int(inside.times_ns[0]) if count else None,
            last_ns=int(inside.times_ns[-1]) if count else None,
            now_ns=time.time_ns(),
            begins=not has_earlier,
            step_ns=_step_ns(info, question.width_s if is_reduced else 0),
            held_ns=before.time_ns if before else None,
            paused="Paused" if info.is_paused else "",
        ),
    )


def _step_ns(info: TypeInfo, width_s: int) -> int | None:
    """How far apart samples may be without a gap; unknown where they come on change."""
    return None if info.step_ns is None else max(info.step_ns, width_s * _SECOND_NS)


def _thinned(series: ArchiveSeries, most: int) -> ArchiveSeries:
    """Leave out points evenly: bins of whole seconds cannot be fewer than those that a short span touches."""
    every = -(-len(series.times_ns) // most)
    if every <= 1:
        return series
    return evolve(
        series,
        times_ns=series.times_ns[::every],
        values=series.values[::every],
        severities=series.severities[::every],
        is_reduced=True,
        reduction=f"{series.reduction or 'samples'}, one in {every}",
    )
