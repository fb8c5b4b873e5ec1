"""The desk's answers: each question is put to `osprey.approval.desk` or to the journal, in the caller's name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import attrs

from osprey.approval import desk
from osprey.approval.desk_service.messages import (
    Approve,
    Comment,
    Decision,
    Entry,
    ListOpen,
    Postpone,
    Question,
    Reject,
    Said,
    Show,
    Shown,
    Withdraw,
)
from osprey.approval.dossier import Dossier, dossier_of, missing_of, votes_of
from osprey.journal import DecisionRow, RequestRow, RequestState, journal_of

if TYPE_CHECKING:
    from osprey.approval.people import Identity
    from osprey.project import Project

_OPEN: Final = (RequestState.PENDING, RequestState.APPROVED, RequestState.CLAIMED, RequestState.IN_DOUBT)


async def answer(project: Project, identity: Identity, question: Question) -> Any:
    """Answer one question, as JSON; a decision is on the disk before this returns.

    :raises OspreyError: the desk's no, or why it could not be asked.
    """
    match question:
        case ListOpen():
            rows = await journal_of(project).requests.list(states=_OPEN)
            votes = await votes_of(project, rows)
            return [attrs.asdict(_entry(row, votes[row.id])) for row in rows]
        case Show(request_id=request_id):
            return attrs.asdict(_shown(await dossier_of(project, request_id)))
        case _:
            return attrs.asdict(await _decided(project, await _decide(project, identity, question)))


async def _decide(project: Project, identity: Identity, decision: Decision) -> RequestRow:
    match decision:
        case Approve(request_id=request_id, hash_prefix=hash_prefix):
            return await desk.approve(project, request_id, hash_prefix, identity)
        case Reject(request_id=request_id, reason=reason):
            return await desk.reject(project, request_id, identity, reason)
        case Postpone(request_id=request_id, reason=reason):
            return await desk.postpone(project, request_id, identity, reason)
        case Comment(request_id=request_id, text=text):
            return await desk.comment(project, request_id, identity, text)
        case Withdraw(request_id=request_id, reason=reason):
            return await desk.withdraw(project, request_id, identity, reason)


async def _decided(project: Project, row: RequestRow) -> Entry:
    votes = await votes_of(project, [row])
    return _entry(row, votes[row.id], await missing_of(project, row))


def _shown(dossier: Dossier) -> Shown:
    unmet = (f"nobody can approve this as things are: {dossier.unmet}",) if dossier.unmet else ()
    return Shown(
        entry=_entry(dossier.row, dossier.votes, dossier.missing),
        card=dossier.card,
        document=dossier.row.document,
        said=tuple(_said(one) for one in dossier.said),
        obstacles=(*dossier.obstacles, *unmet),
        looked_at=0 if dossier.movement is None else dossier.movement.looked_at,
        moved=() if dossier.movement is None else tuple(dossier.movement.lines),
        difference=dossier.difference,
        successor=None if dossier.successor is None else dossier.successor.id,
    )


def _entry(row: RequestRow, votes: int, missing: str = "") -> Entry:
    return Entry(
        id=row.id,
        kind=row.kind,
        title=row.title,
        sha256=row.sha256,
        thread=row.thread,
        state=row.state,
        risk=row.risk,
        requester=row.requester,
        created_ns=row.created_ns,
        expires_ns=row.expires_ns,
        supersedes=row.supersedes,
        needs=row.needs,
        votes=votes,
        missing=missing,
    )


def _said(row: DecisionRow) -> Said:
    return Said(
        word=row.word,
        person=row.person,
        method=row.method,
        is_authenticated=row.is_authenticated,
        ns=row.ns,
        text=row.text,
    )
