"""The desk: where a person's decision on a request is taken, whichever interface it comes from.

Who the person is has been established by the interface (`osprey.approval.people`). Free text is a remark here and
never a decision. An edit, and an approval of some items, are new requests that are checked again.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from osprey.approval.decisions import SHORT_HASH_DIGITS
from osprey.approval.filing import Draft, demands_of, file_request
from osprey.approval.kinds import EditableKind, PartialKind, Revision, kind_of_request
from osprey.approval.notices import tell
from osprey.approval.remembering import Wish, remembered_of
from osprey.config import NoticeEvent
from osprey.errors import RefusedError, UsageError
from osprey.journal import DecisionWord, RequestRow, RequestState, journal_of
from osprey.journal.refusals import Refusal

if TYPE_CHECKING:
    from osprey.approval.people import Identity
    from osprey.project import Project

_EDITED = "Edited: "
_REVISABLE = (RequestState.PENDING, RequestState.APPROVED)


async def approve(
    project: Project, request_id: str, hash_prefix: str, identity: Identity, *, wish: Wish | None = None, text: str = ""
) -> RequestRow:
    """Approve exactly what the hash stands for: the whole decision, or one person's vote of several.

    :raises RefusedError: with the rule that said no; the request is as it was.
    """
    requests = journal_of(project).requests
    row = await requests.get(request_id)
    async with _audited(project, row, identity, "approve"):
        kind_of_request(project, row.kind).card(row)  # what cannot be shown cannot be approved
        remember = None if wish is None else remembered_of(row, identity, wish)
    done = await requests.approve(
        request_id, hash_prefix, identity.actor, voter=identity.voter, text=text, remember=remember
    )
    is_whole = done.state is RequestState.APPROVED
    await tell(project, done, NoticeEvent.DECIDED if is_whole else NoticeEvent.VOTED)
    return done


async def approve_some(
    project: Project, request_id: str, hash_prefix: str, chosen: Sequence[int], identity: Identity
) -> RequestRow:
    """Approve the chosen items of a request and none of the others: as a request of its own, checked again.

    The person has named the hash of what they saw and the items of it, so the new request is approved with it, if the
    rules ask for no more than one person.
    """
    requests = journal_of(project).requests
    row = await requests.get(request_id)
    async with _audited(project, row, identity, "approve"):
        if len(hash_prefix) < SHORT_HASH_DIGITS or not row.sha256.startswith(hash_prefix.lower()):
            msg = f"{hash_prefix} does not belong to request {row.id}: look at it again and approve what it shows"
            raise RefusedError(msg, rule="approval.hash")
        kind = kind_of_request(project, row.kind)
        if not isinstance(kind, PartialKind) or not kind.allows_partial:
            msg = f"of a request of kind {row.kind!r} no part can be approved: approve or reject it as a whole"
            raise UsageError(msg)
        _require_open(row)
        revision = await kind.select(project, row, chosen, identity)
    revised = await _file_revision(project, row, revision, identity)
    # Whoever chose is an author of what is left: where several have to approve, these are others.
    if revised.state is not RequestState.PENDING or revised.needs.persons > 1:
        return revised
    return await approve(project, revised.id, revised.sha256, identity, text=f"items {_listed(chosen)} of {row.id}")


async def edit(project: Project, request_id: str, edited: Any, identity: Identity) -> RequestRow:
    """Put a changed request in the place of one that waits; everything is checked again, and nobody has approved it.

    :raises UsageError: its kind cannot be edited, or what was made of it has no meaning.
    :raises RefusedError: a rule says no to what was made of it; the first request is as it was.
    """
    row = await journal_of(project).requests.get(request_id)
    async with _audited(project, row, identity, "edit"):
        kind = kind_of_request(project, row.kind)
        if not isinstance(kind, EditableKind):
            msg = f"a request of kind {row.kind!r} cannot be edited: reject it with what is wrong, and ask anew"
            raise UsageError(msg)
        _require_open(row)
        revision = await kind.revise(project, row, edited, identity)
    return await _file_revision(project, row, revision, identity)


async def reject(project: Project, request_id: str, identity: Identity, reason: str) -> RequestRow:
    """Say no; the step that asked ends, and does not ask again."""
    done = await journal_of(project).requests.reject(request_id, identity.actor, reason, voter=identity.voter)
    await tell(project, done, NoticeEvent.DECIDED)
    return done


async def withdraw(project: Project, request_id: str, identity: Identity, reason: str) -> RequestRow:
    """Take back a request: whoever asked for it, edited it, or has approved it may.

    :raises RefusedError: ``approval.not_yours``: somebody else; they can reject it while it waits, or halt all writes.
    """
    requests = journal_of(project).requests
    decisions = await requests.decisions(request_id)
    given = {vote.person for vote in decisions if vote.word is DecisionWord.APPROVE}

    def judge(row: RequestRow) -> Refusal | None:
        mine = {*row.authors, row.requester, *given}
        if identity.voter.person in mine or identity.actor.subject in mine:
            return None
        return Refusal(
            "approval.not_yours",
            f"{identity.voter.person} has no part in request {row.id}, so reject it while it waits, or halt",
        )

    done = await requests.withdraw(request_id, identity.actor, reason, voter=identity.voter, judge=judge)
    await tell(project, done, NoticeEvent.DECIDED)
    return done


async def postpone(project: Project, request_id: str, identity: Identity, reason: str = "") -> RequestRow:
    """Say "not now": the request waits on, nobody has said no, and its time runs."""
    return await journal_of(project).requests.postpone(request_id, identity.actor, reason, voter=identity.voter)


async def comment(project: Project, request_id: str, identity: Identity, text: str) -> RequestRow:
    """Keep a remark with the request, whatever it says: it decides nothing."""
    return await journal_of(project).requests.comment(request_id, identity.actor, text, voter=identity.voter)


async def _file_revision(project: Project, row: RequestRow, revision: Revision, identity: Identity) -> RequestRow:
    if revision.document == row.document:
        msg = f"nothing was changed: request {row.id} stands as it was"
        raise UsageError(msg)
    shown = {name: value for name, value in row.presentation.items() if name not in ("standing", "items")}
    draft = Draft(
        document=revision.document,
        # The title says what was asked for at first; that it was changed since must not be missed in a list.
        title=revision.title if revision.title.startswith(_EDITED) else f"{_EDITED}{revision.title}",
        thread=row.thread,
        risk=revision.risk,
        actor=identity.actor,
        person=identity.voter.person,
        facts=revision.facts,
        supersedes=row.id,
        shown={**shown, **revision.shown},
        demands=() if revision.judgement is None else demands_of(revision.judgement),
    )
    return await file_request(project, draft)


@asynccontextmanager
async def _audited(project: Project, row: RequestRow, identity: Identity, what: str) -> AsyncGenerator[None]:
    """Have the audit know what is refused before the journal is asked, which records its own refusals."""
    try:
        yield
    except RefusedError as exc:
        await journal_of(project).audit.refusal(identity.actor, what, exc.rule, str(exc), subject=row.id)
        raise


def _require_open(row: RequestRow) -> None:
    if row.state not in _REVISABLE:
        msg = f"request {row.id} is {row.state.replace('_', ' ')} and cannot be changed: file a new one"
        raise RefusedError(msg, rule=f"approval.{row.state}")


def _listed(chosen: Sequence[int]) -> str:
    return ", ".join(str(number) for number in sorted(set(chosen)))
