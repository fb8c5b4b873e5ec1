"""The archiver of a target as a connector of the seeds' kind."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from attrs import evolve

from osprey.connectors.archiver.base import ArchiverConnector, ArchiverMetadata
from osprey.connectors.values import moment, unavailable
from osprey.control import Archiver, ArchiveSpan, ErrorKind, Fault, targets_of, to_frame
from osprey.errors import ConfigError, ConnectorError, UsageError

if TYPE_CHECKING:
    from pandas import DataFrame

    from osprey.project import Project

MOST_POINTS: Final = 100_000
"""Of a channel, however fine the precision: more than a person can look at."""
_TIMEOUT_S: Final = 60.0


class TargetArchiver(ArchiverConnector):
    """Past values of one target."""

    def __init__(self, project: Project, target_name: str, *, owns_project: bool) -> None:
        self.target_name: Final = target_name
        self._project = project
        self._owns_project = owns_project
        self._opened: Archiver | None = None

    async def connect(self, config: Mapping[str, Any] | None = None) -> None:
        """Open the target's archiver.

        :param config: None or empty: the project's configuration says all.
        :raises ConfigError: the target has no archiver.
        """
        if config:
            msg = f"the archiver of target {self.target_name!r} is configured in the project: leave `config` empty"
            raise UsageError(msg)
        target = await targets_of(self._project).get(self.target_name)
        if target.archiver is None:
            msg = f"target {self.target_name!r} has no archiver: set `archiver` in it, or `archiver.type` for all"
            raise ConfigError(msg)
        self._opened = target.archiver

    async def disconnect(self) -> None:
        """Close it, if nobody else uses it."""
        if self._opened is not None and self._owns_project:
            await self._project.aclose()
        self._opened = None

    async def get_data(
        self,
        pv_list: Sequence[str],
        start_date: datetime,
        end_date: datetime,
        precision_ms: int = 1000,
        timeout: float | None = None,
    ) -> DataFrame:
        """Give a column a channel, at most one row each `precision_ms`, with times in UTC and nothing filled in.

        A channel without past values is an empty column; the reason stands in ``attrs["faults"]``, and what the
        archive does not cover in ``attrs["coverage"]``. A date without a zone is of the facility's time zone.

        :raises UsageError: the dates or the precision have no meaning.
        """
        span = self._span(start_date, end_date, precision_ms)
        names = list(dict.fromkeys(pv_list))
        series = await self._archiver.fetch(names, span, timeout_s=_TIMEOUT_S if timeout is None else timeout)
        frame: Any = to_frame([one for one in series if one.fault is None])
        frame = frame.reindex(columns=names)
        frame.attrs["faults"] = {one.channel: one.fault.message for one in series if one.fault is not None}
        frame.attrs["coverage"] = {one.channel: one.coverage for one in series if one.coverage}
        frame.attrs["units"] = {one.channel: one.unit for one in series}
        return frame

    async def get_metadata(self, pv_name: str) -> ArchiverMetadata:
        """Ask the archive what it knows of a channel.

        :raises ChannelReadError, ChannelTimeoutError: it does not answer.
        """
        (info,) = await self._archiver.describe([pv_name], timeout_s=_TIMEOUT_S)
        if isinstance(info, Fault):
            if info.kind is ErrorKind.NOT_FOUND:
                return ArchiverMetadata(pv_name, is_archived=False, description=info.message)
            raise _unanswered(info)
        return ArchiverMetadata(
            pv_name,
            info.is_archived,
            None if info.first_ns is None else moment(info.first_ns),
            None if info.last_ns is None else moment(info.last_ns),
            info.period_s,
            info.description or None,
        )

    async def check_availability(self, pv_names: Sequence[str]) -> dict[str, bool]:
        """Ask the archive which channels it has.

        :raises ChannelReadError, ChannelTimeoutError: it does not answer for one of them; "unknown" is no "no".
        """
        found: dict[str, bool] = {}
        for info in await self._archiver.describe(list(dict.fromkeys(pv_names)), timeout_s=_TIMEOUT_S):
            if isinstance(info, Fault) and info.kind is not ErrorKind.NOT_FOUND:
                raise _unanswered(info)
            found[info.channel] = not isinstance(info, Fault) and info.is_archived
        return found

    @property
    def _archiver(self) -> Archiver:
        if self._opened is None:
            msg = f"the archiver of target {self.target_name!r} is not connected: await connect() first"
            raise ConnectorError(msg)
        return self._opened

    def _span(self, start: datetime, end: datetime, precision_ms: int) -> ArchiveSpan:
        start_ns, end_ns = self._ns(start), self._ns(end)
        if end_ns <= start_ns:
            msg = f"the span ends ({end}) before it begins ({start})"
            raise UsageError(msg)
        if precision_ms <= 0:
            msg = f"precision_ms {precision_ms}: give a positive number of milliseconds"
            raise UsageError(msg)
        points = math.ceil((end_ns - start_ns) / (precision_ms * 10**6))
        return ArchiveSpan(start_ns=start_ns, end_ns=end_ns, max_points=min(points, MOST_POINTS))

    def _ns(self, when: datetime) -> int:
        if when.tzinfo is None:
            name = self._project.config.facility.time_zone
            when = when.replace(tzinfo=UTC if name == "UTC" else ZoneInfo(name))
            if when.utcoffset() != when.replace(fold=1 - when.fold).utcoffset():
                msg = (
                    f"{when:%Y-%m-%d %H:%M} is ambiguous or missing in {name} (the clock is changed): give a time zone"
                )
                raise UsageError(msg)
        return int(when.timestamp()) * 10**9 + when.microsecond * 1000


def _unanswered(fault: Fault) -> ConnectorError:
    return unavailable(evolve(fault, message=f"the archive does not answer: {fault.message}"))
