"""What of a thread is not finished, said to whoever says something new to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from osprey.approval import identity_of
from osprey.approval.desk import comment
from osprey.journal import RequestState, journal_of
from osprey.sessions import threads_of

if TYPE_CHECKING:
    from osprey.journal import RequestRow
    from osprey.project import Project


async def tell_of_unfinished(project: Project, thread: str, said: str) -> list[str]:
    """Say in a line what of the thread is not finished; what is said is kept with the newest request that waits."""
    rows = await threads_of(project).turns(thread, unfinished_only=True)
    waiting: list[str] = []
    for row in rows:
        request = await _newest_of(project, row.end.request) if row.end.request else None
        if request is not None and request.state is RequestState.PENDING:
            waiting.append(request.id)
    told: list[str] = []
    if waiting:
        await comment(project, waiting[-1], identity_of(project), said)
        others = f" ({len(waiting) - 1} more of this thread wait: osprey approvals list)" if len(waiting) > 1 else ""
        told.append(
            f"request {waiting[-1]} waits for a decision; what you said is kept with it as a remark and decides "
            f"nothing: osprey approvals show {waiting[-1]}{others}"
        )
    if len(rows) > len(waiting):
        count = len(rows) - len(waiting)
        some = "an earlier question is" if count == 1 else f"{count} earlier questions are"
        told.append(f"{some} decided or was cut short, and goes on with: osprey resume {thread}")
    return told


async def _newest_of(project: Project, request_id: str) -> RequestRow:
    """Give the request that edits have put in the place of this one, or itself."""
    requests = journal_of(project).requests
    row = await requests.get(request_id)
    while row.state is RequestState.SUPERSEDED and (successor := await requests.successor(row.id)) is not None:
        row = successor
    return row
