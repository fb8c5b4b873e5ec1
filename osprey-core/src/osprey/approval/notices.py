"""Telling people of requests, through the notifiers that the configuration names. A notice never decides.

What is told has already happened and is stored, so telling never fails or holds up for longer than its deadline what it
tells of (`osprey.approval.notifiers.delivery`). Where nobody is to be told, it costs a look at the configuration.
"""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase
from threading import Thread
from typing import TYPE_CHECKING, Final

import anyio
import anyio.to_thread

from osprey.config import NoticeEvent
from osprey.errors import UsageError
from osprey.journal import RequestState, journal_of

if TYPE_CHECKING:
    from osprey.journal import RequestRow
    from osprey.project import Project

_DECIDED: Final = frozenset(
    {RequestState.APPROVED, RequestState.REJECTED, RequestState.WITHDRAWN, RequestState.SUPERSEDED}
)


async def tell(project: Project, row: RequestRow, event: NoticeEvent) -> None:
    """Tell everybody whom the configuration names of one event. Nothing that goes wrong is raised."""
    names = _wanting(project, row.kind, event)
    if names:
        from osprey.approval.notifiers.delivery import deliver

        await deliver(project, names, row, event)


async def tell_filed(project: Project, row: RequestRow) -> None:
    """Tell of a request that was just filed, or approved at once by a remembered decision, and of what it replaces."""
    if not project.config.approval.notify:
        return
    async with anyio.create_task_group() as group:
        if row.supersedes is not None:
            group.start_soon(tell_outcome, project, row.supersedes, (RequestState.SUPERSEDED,))
        group.start_soon(tell, project, row, NoticeEvent.DECIDED if row.state in _DECIDED else NoticeEvent.FILED)


def tell_aside(project: Project, row: RequestRow) -> None:
    """Tell of a request as `tell_filed` does, for callers that cannot await; the project's end waits for it."""
    if row.state is RequestState.PENDING and project.config.approval.notify:
        project.part("notices aside", _Aside).tell(row)


class _Aside:
    """Threads that tell of requests which were filed by somebody who cannot await."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._threads: list[Thread] = []
        project.on_close(self._join)

    def tell(self, row: RequestRow) -> None:
        thread = Thread(target=anyio.run, args=(tell_filed, self._project, row), name="osprey-notices")
        self._threads = [one for one in self._threads if one.is_alive()]
        self._threads.append(thread)
        thread.start()

    async def _join(self) -> None:
        for thread in self._threads:
            await anyio.to_thread.run_sync(thread.join)


async def tell_outcome(project: Project, request_id: str, states: Iterable[RequestState]) -> None:
    """Tell everybody what became of a request that others have ended, if it is in one of these states."""
    notify = project.config.approval.notify
    if not notify:
        return
    try:
        row = await journal_of(project).requests.get(request_id)
    except Exception as exc:  # noqa: BLE001 - what was to be told has happened, and stays so
        from osprey.approval.notifiers.delivery import record_failure

        await record_failure(project, list(notify), request_id, NoticeEvent.ENDED, exc)
        return
    if row.state in states:
        await tell(project, row, NoticeEvent.DECIDED if row.state in _DECIDED else NoticeEvent.ENDED)


async def try_notifier(project: Project, name: str) -> None:
    """Send a trial notice to the entry `name` of `approval.notify`, whatever events and kinds it wants.

    :raises UsageError: there is no such entry.
    :raises ConfigError, PluginError: it cannot be built, as `notifier_of` says.
    :raises NotSentError: it was not sent, and why.
    """
    notify = project.config.approval.notify
    if name not in notify:
        msg = f"approval.notify names no {name!r}: it names {', '.join(notify) or 'nobody'}"
        raise UsageError(msg)
    from osprey.approval.notifiers.delivery import deliver_trial

    await deliver_trial(project, name)


def _wanting(project: Project, kind: str, event: NoticeEvent) -> list[str]:
    """Give whom the configuration wants told of an event of a kind of request."""
    return [
        name
        for name, entry in project.config.approval.notify.items()
        if event in (entry.events or (event,)) and any(fnmatchcase(kind, pattern) for pattern in entry.kinds or ("*",))
    ]
