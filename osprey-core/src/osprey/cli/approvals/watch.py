"""`osprey approvals watch`: a living process that shows the inbox as it changes, warns, and records what expires."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from typing import TYPE_CHECKING

import anyio
import click
from attrs import frozen

from osprey.approval.dossier import votes_of
from osprey.approval.expiry_watch import ExpiryWatch
from osprey.approval.notices import tell, tell_outcome
from osprey.cli.approvals.listing import UNFINISHED, plain_request, print_requests, time_left
from osprey.cli.context import cli_project
from osprey.cli.signals import stop_on_signal
from osprey.config import NoticeEvent
from osprey.errors import StorageError
from osprey.journal import RequestRow, RequestState, journal_of
from osprey.printable import printable

if TYPE_CHECKING:
    from osprey.project import Project


class InboxEvent(StrEnum):
    """What `watch --json` says of a request."""

    WAITING = "waiting"
    """It was there when the watch began."""
    FILED = "filed"
    VOTED = "voted"
    EXPIRING = "expiring"
    CHANGED = "changed"
    """It is in another state: decided, carried out, or expired."""


@frozen(kw_only=True)
class Seen:
    """A request as it was last looked at."""

    row: RequestRow
    votes: int


@click.command("watch")
@click.option("--interval", type=click.FloatRange(min=0.1), default=2.0, show_default=True, help="Seconds, at most.")
@click.option("--json", "as_json", is_flag=True, help="Print one object a line for each thing that happens.")
def watch_requests(interval: float, as_json: bool) -> None:
    """Show the inbox whenever it changes, until Ctrl-C or SIGTERM.

    Warns, on the terminal and through the notifiers of `approval.notify`, before a request's time is over, and records
    those whose time is.
    """
    anyio.run(_watch, interval, as_json)


async def _watch(interval_s: float, as_json: bool) -> None:
    async with cli_project() as project, anyio.create_task_group() as group:
        group.start_soon(stop_on_signal, group.cancel_scope)
        inbox = Inbox(project, as_json=as_json)
        while True:
            await inbox.look()
            await anyio.sleep(interval_s)


class Inbox:
    """The requests that are not finished, as they were at the last look."""

    def __init__(self, project: Project, *, as_json: bool, clock: Callable[[], int] = time.time_ns) -> None:
        self._project = project
        self._clock = clock
        self._as_json = as_json
        self._seen: Mapping[str, Seen] | None = None
        self._time = ExpiryWatch(project.config.approval.warn_before_s)
        self._is_broken = False

    async def look(self) -> None:
        """Look once, and show what is new. A database that cannot be read now is said, and looked at again."""
        try:
            rows = await journal_of(self._project).requests.list(UNFINISHED)
            votes = await votes_of(self._project, rows)
            now = {row.id: Seen(row=row, votes=votes[row.id]) for row in rows}
            await self._show(now)
            await self._watch_time(now)
            self._seen, self._is_broken = now, False
        except StorageError as exc:
            if not self._is_broken:
                click.echo(f"The inbox cannot be read now: {exc}", err=True)
            self._is_broken = True

    async def _show(self, now: Mapping[str, Seen]) -> None:
        happened = [*self._appeared(now), *[await self._gone(seen) for seen in self._missing(now)]]
        for event, seen in happened:
            if self._as_json:
                _print_event(event, seen)
            elif seen.row.id not in now:
                click.echo(_told_of_end(seen.row))
        if not self._as_json and (happened or self._seen is None):
            _print_inbox(now)
        if any(event is InboxEvent.FILED for event, _ in happened):
            _ring()

    def _appeared(self, now: Mapping[str, Seen]) -> Iterable[tuple[InboxEvent, Seen]]:
        for request_id, seen in now.items():
            before = None if self._seen is None else self._seen.get(request_id)
            if self._seen is None:
                yield InboxEvent.WAITING, seen
            elif before is None:
                yield InboxEvent.FILED, seen
            elif before.row.state is not seen.row.state:
                yield InboxEvent.CHANGED, seen
            elif before.votes != seen.votes:
                yield InboxEvent.VOTED, seen

    def _missing(self, now: Mapping[str, Seen]) -> list[Seen]:
        return [seen for request_id, seen in (self._seen or {}).items() if request_id not in now]

    async def _gone(self, seen: Seen) -> tuple[InboxEvent, Seen]:
        row = await journal_of(self._project).requests.get(seen.row.id)
        return InboxEvent.CHANGED, Seen(row=row, votes=seen.votes)

    async def _watch_time(self, now: Mapping[str, Seen]) -> None:
        """Warn of what is nearly over, and tell of what is: nobody else would, since nobody has decided it."""
        look = self._time.look([seen.row for seen in now.values()], self._clock())
        for row in look.expiring:
            if self._as_json:
                _print_event(InboxEvent.EXPIRING, now[row.id])
            else:
                left = time_left(row.expires_ns, self._clock())
                click.echo(f"{row.id} ends in {left}, and nobody has decided it: {printable(row.title)}")
            _ring()
            await tell(self._project, row, NoticeEvent.EXPIRING)
        for request_id in look.gone:
            await tell_outcome(self._project, request_id, (RequestState.EXPIRED,))


def _told_of_end(row: RequestRow) -> str:
    by = f" by {printable(row.decided_by)}" if row.decided_by else ""
    return f"{row.id} is {row.state.replace('_', ' ')}{by}: {printable(row.title)}"


def _print_event(event: InboxEvent, seen: Seen) -> None:
    click.echo(json.dumps({"event": event.value, "request": plain_request(seen.row, seen.votes)}, ensure_ascii=False))


def _print_inbox(now: Mapping[str, Seen]) -> None:
    click.echo(f"\n{time.strftime('%H:%M:%S')}  {len(now)} request{'s' if len(now) != 1 else ''} not finished")
    if now:
        print_requests([seen.row for seen in now.values()], {key: seen.votes for key, seen in now.items()})


def _ring() -> None:
    """Ring the terminal's bell; a pipe gets none."""
    if sys.stderr.isatty():
        click.echo("\a", nl=False, err=True)
