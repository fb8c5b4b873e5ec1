"""Sending one notice to several, each by itself: who fails, hangs or cannot be loaded costs an audit row, no more."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

import anyio

from osprey.approval.notifiers import NotSentError, notifier_of
from osprey.approval.notifiers.notice import Notice, notice_of, one_line
from osprey.config import NoticeEvent
from osprey.config.secrets import MASK, without_url_password
from osprey.errors import ConfigError, OspreyError, PluginError
from osprey.journal import RequestState, Who, journal_of
from osprey.plugins.faults import describe

if TYPE_CHECKING:
    from osprey.config import NotificationConfig
    from osprey.journal import RequestRow
    from osprey.project import Project

DEADLINE_S: Final = 5.0
"""How long all notifiers of one event have, together: whoever files or decides waits no longer than that."""

_LOG: Final = logging.getLogger(__name__)
_TELLER: Final = Who("osprey:notices")


async def deliver(project: Project, names: list[str], row: RequestRow, event: NoticeEvent) -> None:
    """Send the notice of an event to these entries of `approval.notify`; what goes wrong is recorded, not raised."""
    deadline = anyio.current_time() + DEADLINE_S
    try:
        notice = await notice_of(project, row, event)
    except Exception as exc:  # noqa: BLE001 - a request that cannot be shown is there all the same
        await record_failure(project, names, row.id, event, exc)
        return
    async with anyio.create_task_group() as group:
        for name in names:
            group.start_soon(_deliver_one, project, name, notice, deadline)


async def deliver_trial(project: Project, name: str) -> None:
    """Send a notice of no request to one entry.

    :raises ConfigError, PluginError, NotSentError: it was not sent, and why.
    """
    notice = Notice(
        event=NoticeEvent.FILED,
        request_id="req-trial",
        kind="trial",
        title="a trial of this notifier; there is no such request",
        risk="none",
        facility=project.config.facility.name,
        simulated=True,
        requester=_TELLER.subject,
        state=RequestState.PENDING,
        expires_ns=time.time_ns(),
        link=project.config.approval.inbox_url,
    )
    try:
        await _send(project, name, notice, anyio.current_time() + DEADLINE_S)
    except (ConfigError, PluginError):
        raise
    except (Exception, SystemExit) as exc:
        entry = project.config.approval.notify[name]
        msg = f"notifier {name!r} (via {entry.via}) has told nobody: {_reason(entry, exc)}"
        raise NotSentError(msg) from exc


async def record_failure(
    project: Project, names: list[str], request_id: str, event: NoticeEvent, exc: BaseException
) -> None:
    """Record that these were not told, once each. Only an audit that cannot be written is said aloud."""
    for name in names:
        entry = project.config.approval.notify[name]
        told = {"notifier": name, "via": entry.via, "event": event.value, "reason": _reason(entry, exc)}
        try:
            await journal_of(project).audit.record(_TELLER, "notice.failed", request_id, told)
        except Exception as failed:  # noqa: BLE001 - telling raises nothing; whatever writes next is refused for it
            _LOG.warning("%s was not told of %s, and the audit cannot say so: %s", name, request_id, describe(failed))


async def _deliver_one(project: Project, name: str, notice: Notice, deadline: float) -> None:
    try:
        await _send(project, name, notice, deadline)
    except (Exception, SystemExit) as exc:  # noqa: BLE001 - isolation: a notifier may be a plugin's code
        await record_failure(project, [name], notice.request_id, notice.event, exc)


async def _send(project: Project, name: str, notice: Notice, deadline: float) -> None:
    with anyio.CancelScope(deadline=deadline) as scope:
        await notifier_of(project, name).send(notice)
    if scope.cancelled_caught:
        msg = f"nobody was told within {DEADLINE_S:g} s"
        raise NotSentError(msg)


def _reason(entry: NotificationConfig, exc: BaseException) -> str:
    """Say why in one line that holds nothing secret, whatever the notifier's library put into its message."""
    told = " ".join(str(exc).split()) if isinstance(exc, OspreyError) else describe(exc)
    for secret in entry.settings.secrets():
        for form in (" ".join(secret.split()), repr(secret)[1:-1], quote(secret, safe="")):
            told = told.replace(form, MASK) if form else told
    return one_line(without_url_password(told))
