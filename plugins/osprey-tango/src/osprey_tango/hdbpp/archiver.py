"""The archiver: series of many attributes, a few connections at a time, each with its own fault."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import anyio
from anyio import CapacityLimiter, to_thread
from attrs import evolve

from osprey.api import ArchiveInfo, ArchiveSeries, ArchiveSpan, ConnectContext, ConnectorError, ErrorKind, Fault
from osprey_tango.hdbpp import statements
from osprey_tango.hdbpp.attributes import facts_of, find
from osprey_tango.hdbpp.database import Database, DatabaseError, Session
from osprey_tango.hdbpp.names import AttributeName, parse_name
from osprey_tango.hdbpp.series import Reader
from osprey_tango.hdbpp.settings import HdbppSettings
from osprey_tango.hdbpp.times import from_ns, to_ns

T = TypeVar("T")
_SHOWN = 80


class HdbppArchiver:
    """Past values of an HDB++ archive on PostgreSQL."""

    def __init__(self, settings: HdbppSettings) -> None:
        self._settings = settings
        self._schema = settings.schema
        self._database = Database(settings)
        self._limiter = CapacityLimiter(settings.connections)

    @classmethod
    async def connect(cls, context: ConnectContext) -> HdbppArchiver:
        """Open it; nothing is asked yet."""
        return cls(context.settings)

    async def aclose(self) -> None:
        """Close the connections; what still runs is cancelled at the server."""
        await to_thread.run_sync(self._database.close)

    async def fetch(self, channels: Sequence[str], span: ArchiveSpan, *, timeout_s: float) -> list[ArchiveSeries]:
        """Give the samples of the half-open span; with more than `max_points`, what stands for equal bins of time."""
        if (message := _bad_span(span)) is not None:
            return [_failed(Fault(channel=name, kind=ErrorKind.BAD_VALUE, message=message)) for name in channels]
        budget = evolve(span, max_points=min(span.max_points, self._settings.max_points))

        def ask(session: Session, channel: str, name: AttributeName) -> ArchiveSeries:
            attribute = find(session, self._schema, name)
            facts = facts_of(session, self._schema, attribute)
            return Reader(session=session, schema=self._schema, attribute=attribute, facts=facts).read(channel, budget)

        return [
            _failed(each) if isinstance(each, Fault) else each for each in await self._all(channels, ask, timeout_s)
        ]

    async def describe(self, channels: Sequence[str], *, timeout_s: float) -> list[ArchiveInfo | Fault]:
        """Say what the archive knows of each attribute, with its first and last sample."""
        return await self._all(channels, self._info, timeout_s)

    async def search(self, pattern: str, *, limit: int, timeout_s: float) -> list[str]:
        """Give the names of archived attributes that match a glob; all for an empty one.

        :raises ConnectorError: the database cannot be asked.
        """
        values = {"pattern": statements.like_pattern(pattern), "limit": limit}

        def ask() -> list[str]:
            with self._database.session(timeout_s) as session:
                rows = session.rows(statements.over(statements.SEARCH, schema=self._schema), values)
            return [row[0] for row in rows]

        try:
            with anyio.fail_after(timeout_s):
                return await to_thread.run_sync(ask, abandon_on_cancel=True, limiter=self._limiter)
        except (DatabaseError, TimeoutError) as exc:
            msg = f"the archived attributes cannot be listed: {exc or f'no answer within {timeout_s:g} s'}"
            raise ConnectorError(msg) from exc

    async def _all(
        self, channels: Sequence[str], ask: Callable[[Session, str, AttributeName], T], timeout_s: float
    ) -> list[T | Fault]:
        """Ask for all, some at a time, within one deadline; what has no answer by then is a fault."""
        found: dict[str, T | Fault] = {}
        waiting = iter(dict.fromkeys(channels))
        ends = anyio.current_time() + timeout_s

        async def work() -> None:
            for channel in waiting:
                left_s = ends - anyio.current_time()
                found[channel] = await to_thread.run_sync(
                    self._answer, channel, ask, left_s, abandon_on_cancel=True, limiter=self._limiter
                )

        with anyio.move_on_after(timeout_s):
            async with anyio.create_task_group() as group:
                for _ in range(min(self._settings.connections, len(channels))):
                    group.start_soon(work)
        return [found[channel] if channel in found else _late(channel, timeout_s) for channel in channels]

    def _answer(self, channel: str, ask: Callable[[Session, str, AttributeName], T], left_s: float) -> T | Fault:
        name = parse_name(channel)
        if name is None:
            message = f"{channel[:_SHOWN]!r} is not the name of an attribute: write 'domain/family/member/attribute'"
            return Fault(channel=channel, kind=ErrorKind.NOT_FOUND, message=message)
        try:
            with self._database.session(left_s) as session:
                return ask(session, channel, name)
        except DatabaseError as exc:
            return exc.fault(channel)

    def _info(self, session: Session, channel: str, name: AttributeName) -> ArchiveInfo:
        try:
            attribute = find(session, self._schema, name)
        except DatabaseError as exc:
            if exc.kind is not ErrorKind.NOT_FOUND:
                raise
            return ArchiveInfo(channel=channel, is_archived=False, status="not in att_conf")
        facts = facts_of(session, self._schema, attribute)
        ends = statements.over(statements.ENDS, schema=self._schema, table=attribute.table)
        ((first, last),) = session.rows(ends, {"id": attribute.id})
        return ArchiveInfo(
            channel=channel,
            is_archived=True,
            first_ns=None if first is None else to_ns(first),
            last_ns=None if last is None else to_ns(last),
            unit=facts.unit,
            description=facts.description,
            status=facts.status,
        )


def _bad_span(span: ArchiveSpan) -> str | None:
    if span.end_ns <= span.start_ns or span.max_points < 1:
        return "the span ends before it starts, or asks for no point"
    try:
        from_ns(span.start_ns), from_ns(span.end_ns)
    except OverflowError:
        return "the span is outside of what a date can hold"
    return None


def _late(channel: str, timeout_s: float) -> Fault:
    message = f"{channel}: no answer of the archive within {timeout_s:g} s"
    return Fault(channel=channel, kind=ErrorKind.TIMEOUT, message=message, retryable=True)


def _failed(fault: Fault) -> ArchiveSeries:
    return ArchiveSeries(channel=fault.channel, fault=fault)
