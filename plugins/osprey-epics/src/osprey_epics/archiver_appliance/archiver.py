"""The archiver: series of many channels side by side, each with its own fault."""

from __future__ import annotations

import math
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, TypeVar

import anyio
from anyio import to_thread
from attrs import evolve

from osprey.api import ArchiveInfo, ArchiveSeries, ArchiveSpan, ConnectContext, ErrorKind, Fault
from osprey_epics.archiver_appliance import retrieval
from osprey_epics.archiver_appliance.retrieval import Retrieval
from osprey_epics.archiver_appliance.server import AnswerError, Server
from osprey_epics.archiver_appliance.settings import ApplianceSettings, Format
from osprey_epics.archiver_appliance.type_info import TypeInfo, TypeInfos, parse_names, parse_status

T = TypeVar("T")

_FORBIDDEN: Final = frozenset("()*?,&%'\"\\")
"""The Appliance archives no name with them: they would be an operator, a pattern, or a second name."""
_LONGEST: Final = 500
_LATEST_NS: Final = 253_402_300_799 * 10**9
"""The end of the year 9999, the last that the server's dates can hold."""


class ApplianceArchiver:
    """Past values of an EPICS Archiver Appliance."""

    def __init__(self, settings: ApplianceSettings) -> None:
        self._settings = settings
        self._server = Server(settings)
        self._infos = TypeInfos(self._server)
        self._retrieval = Retrieval(self._server, settings)

    @classmethod
    async def connect(cls, context: ConnectContext) -> ApplianceArchiver:
        """Open it; nothing is asked yet.

        :raises ConfigError: the decoder of the raw format is missing, or `ca_file` cannot be read.
        """
        settings: ApplianceSettings = context.settings
        if settings.format is Format.RAW:
            await to_thread.run_sync(retrieval.require_raw)
        # Reading the certificates of the operating system takes some 20 ms.
        return await to_thread.run_sync(cls, settings)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._server.aclose()

    async def fetch(self, channels: Sequence[str], span: ArchiveSpan, *, timeout_s: float) -> list[ArchiveSeries]:
        """Give the samples of the half-open span; with more than `max_points`, what the server made of them."""
        if (message := _bad_span(span)) is not None:
            return [_failed(Fault(channel=channel, kind=ErrorKind.BAD_VALUE, message=message)) for channel in channels]
        budget = evolve(span, max_points=min(span.max_points, self._settings.max_points))

        async def one(channel: str) -> ArchiveSeries:
            return await self._series(channel, budget)

        return [
            _failed(each) if isinstance(each, Fault) else each for each in await self._all(channels, one, timeout_s)
        ]

    async def describe(self, channels: Sequence[str], *, timeout_s: float) -> list[ArchiveInfo | Fault]:
        """Ask the management side for each channel, and the retrieval side for its last sample."""
        return await self._all(channels, self._info, timeout_s)

    async def search(self, pattern: str, *, limit: int, timeout_s: float) -> list[str]:
        """Give the names of archived channels that match a glob; all for an empty one.

        :raises ConnectorError: the server has no good answer.
        """
        query = {"pv": pattern or "*", "limit": limit}
        try:
            with anyio.fail_after(timeout_s):
                return parse_names(await self._server.retrieve("bpl/getMatchingPVs", query))[:limit]
        except TimeoutError as exc:
            raise retrieval.search_error(f"no answer within {timeout_s:g} s") from exc
        except AnswerError as exc:
            raise retrieval.search_error(exc.message) from exc

    async def _all(
        self, channels: Sequence[str], ask: Callable[[str], Awaitable[T]], timeout_s: float
    ) -> list[T | Fault]:
        """Ask for all, some at a time, within one deadline; what has no answer by then is a fault."""
        found: dict[str, T | Fault] = {}
        waiting = iter(dict.fromkeys(channels))

        async def work() -> None:
            for channel in waiting:
                found[channel] = await _answered(channel, ask)

        with anyio.move_on_after(timeout_s):
            async with anyio.create_task_group() as group:
                for _ in range(min(self._settings.concurrency, len(channels))):
                    group.start_soon(work)
        return [found[channel] if channel in found else _late(channel, timeout_s) for channel in channels]

    async def _series(self, channel: str, span: ArchiveSpan) -> ArchiveSeries:
        is_known = True
        try:
            info = await self._infos.get(channel)
        except AnswerError:
            # The retrieval side decides by itself: it alone may be open to this computer.
            info, is_known = None, False
        try:
            series = await self._retrieval.series(channel, span, info or TypeInfo())
        except AnswerError as exc:
            if exc.kind is not ErrorKind.NOT_FOUND or info is not None:
                raise
            raise _not_archived() from exc
        # It may well have samples of a channel that is not archived any more; with none, the other side decides.
        if is_known and info is None and not len(series.times_ns) and series.before is None:
            raise _not_archived()
        return series

    async def _info(self, channel: str) -> ArchiveInfo:
        info = await self._infos.ask(channel)
        status = parse_status(await self._server.manage("bpl/getPVStatus", {"pv": channel}))
        if info is None:
            return ArchiveInfo(channel=channel, is_archived=False, status=status)
        last_ns = None if info.is_waveform else await self._retrieval.last_ns(channel, time.time_ns())
        return ArchiveInfo(
            channel=channel,
            is_archived=True,
            last_ns=last_ns,
            period_s=info.period_s if info.is_scanned else None,
            unit=info.unit,
            status=status,
        )


async def _answered(channel: str, ask: Callable[[str], Awaitable[T]]) -> T | Fault:
    if (message := _bad_name(channel)) is not None:
        return Fault(channel=channel, kind=ErrorKind.NOT_FOUND, message=message)
    try:
        return await ask(channel)
    except AnswerError as exc:
        return exc.fault(channel)


def _bad_name(channel: str) -> str | None:
    letters = set(channel)
    is_name = channel.isprintable() and not letters & _FORBIDDEN and not any(map(str.isspace, letters))
    if is_name and 0 < len(channel) <= _LONGEST:
        return None
    return f"{channel[:80]!r} cannot be the name of an archived channel"


def _bad_span(span: ArchiveSpan) -> str | None:
    if span.end_ns <= span.start_ns or span.max_points < 1:
        return "the span ends before it starts, or asks for no point"
    if not (span.start_ns > -_LATEST_NS // 100 and span.end_ns < _LATEST_NS):
        return "the span is outside of what the archiver's dates can hold"
    return None


def _not_archived() -> AnswerError:
    return AnswerError(ErrorKind.NOT_FOUND, "it is not archived; the archiver has no samples of it")


def _late(channel: str, timeout_s: float) -> Fault:
    message = f"{channel}: no answer of the archiver within {timeout_s:g} s"
    return Fault(channel=channel, kind=ErrorKind.TIMEOUT, message=message, retryable=not math.isinf(timeout_s))


def _failed(fault: Fault) -> ArchiveSeries:
    return ArchiveSeries(channel=fault.channel, fault=fault)
