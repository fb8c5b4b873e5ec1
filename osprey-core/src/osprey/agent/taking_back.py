"""What a step had filed that then ended without waiting for it: taken back, since nobody is left to carry it out.

A halt, the end of the turn's time or a failure may come right after the filing. A request that stayed would still be
shown and could be approved, of work that is over.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from attrs import evolve

from osprey.approval import current_actor
from osprey.approval.notices import tell_outcome
from osprey.base import StepResult, StepStatus
from osprey.errors import RefusedError
from osprey.journal import RequestState, journal_of

if TYPE_CHECKING:
    from osprey.base import BaseCapability
    from osprey.journal import RequestRow
    from osprey.project import Project

_OPEN: Final = (RequestState.PENDING, RequestState.APPROVED)
_COME_TO_NOTHING: Final = (StepStatus.REFUSED, StepStatus.FAILED)


async def without_requests(project: Project, capability: BaseCapability, ended: StepResult) -> StepResult:
    """Take back the open requests of a step whose first half came to nothing, and say so in its result.

    If this process dies before that, the step runs again, finds what it had filed, and waits for it or is told.
    """
    if ended.status not in _COME_TO_NOTHING:
        return ended
    taken: list[str] = []
    for row in await _filed_by(project, capability):
        try:
            done = await journal_of(project).requests.withdraw(row.id, current_actor(), _reason(ended))
        except RefusedError:
            continue  # a person, or its time, has ended it meanwhile: that stands
        taken.append(done.id)
        await tell_outcome(project, done.id, (RequestState.WITHDRAWN,))
    if not taken:
        return ended
    told = "".join(f"\nWhat it had asked for, request {one}, was taken back." for one in taken)
    return evolve(ended, text=f"{ended.text}{told}")


async def _filed_by(project: Project, capability: BaseCapability) -> list[RequestRow]:
    """Give the open requests of a step, those that an edit has put in their place among them."""
    key, ids = capability.request_key, set[str]()
    for row in await journal_of(project).requests.list(thread=capability.thread):
        is_own = row.key is not None and (row.key == key or row.key.startswith(f"{key}/"))
        if is_own or row.supersedes in ids:
            ids.add(row.id)
    rows = await journal_of(project).requests.list(_OPEN, thread=capability.thread)
    return [row for row in rows if row.id in ids]


def _reason(ended: StepResult) -> str:
    return f"the step that had filed it ended before it could wait for it: {ended.text}"
