"""Filing a request: what it needs is settled by the rules, what stands in its way is said, people are told."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from attrs import evolve, field, frozen

from osprey.approval.facts import alarms_of_judgement, facts_of_judgement, require_allowed, shown_of_judgement
from osprey.approval.kinds import registration_of
from osprey.approval.notices import tell_aside, tell_filed
from osprey.approval.people import person_of
from osprey.approval.remembering import use_remembered
from osprey.approval.risk import risk_of
from osprey.approval.rules import Facts, settle, unmet
from osprey.control.payload import write_document
from osprey.errors import RefusedError
from osprey.journal import Needs, NewRequest, RequestRow, RequestState, journal_of
from osprey.journal.refusals import Refusal

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from osprey.control import Actor, Judgement
    from osprey.journal import Journal
    from osprey.project import Project


_AUDITED = 100
"""Refused items that the audit names; a longer list is counted by its request."""


@frozen(kw_only=True)
class Draft:
    """A request before the rules have looked at it."""

    document: str
    title: str
    thread: str
    risk: str
    actor: Actor
    person: str = ""
    """Who asks, where a secret has shown it; otherwise who the actor is known to be."""
    facts: Facts
    key: str | None = None
    """What makes the request the same one when the caller runs again after a crash."""
    supersedes: str | None = None
    shown: Mapping[str, Any] = field(factory=dict[str, Any])
    demands: tuple[tuple[str, Needs], ...] = ()
    """What write policies of plugins ask for."""


async def file_request(project: Project, draft: Draft) -> RequestRow:
    """Store a request that a person can decide, and tell people of it.

    :raises RefusedError: ``approval.no_policy``: nothing declares its kind; ``approval.denied``: a policy says no.
    """
    new = await _new_request(project, draft)
    row = await journal_of(project).requests.create(new)
    return await _filed(project, row, draft)


def file_request_sync(project: Project, draft: Draft) -> RequestRow:
    """Store a request as `file_request` does, for callers that cannot await; people are told meanwhile."""
    journal = journal_of(project)
    try:
        registration_of(project, draft.facts.kind)
        new = _request(project, draft, [])
    except RefusedError as exc:
        refusal = Refusal(exc.rule, str(exc))
        project.database.safety.run_sync(lambda connection: _refuse(connection, journal, draft, refusal))
        raise
    row = journal.requests.create_sync(new)
    tell_aside(project, row)
    return row


def _refuse(connection: Connection, journal: Journal, draft: Draft, refusal: Refusal) -> None:
    actor, now_ns, told = draft.actor, time.time_ns(), _told(draft)
    journal.audit.refuse(connection, refusal, actor=actor, what="file", subject="", now_ns=now_ns, detail=told)


async def _new_request(project: Project, draft: Draft) -> NewRequest:
    try:
        registration_of(project, draft.facts.kind)
        return _request(project, draft, await _in_the_way(project, draft.facts))
    except RefusedError as exc:
        await journal_of(project).audit.refusal(draft.actor, "file", exc.rule, str(exc), _told(draft))
        raise


def _told(draft: Draft) -> dict[str, Any]:
    return {"kind": draft.facts.kind, "target": draft.facts.target}


def _request(project: Project, draft: Draft, standing: list[str]) -> NewRequest:
    approval = project.config.approval
    known = person_of(approval, draft.actor.subject)
    person = draft.person or known
    authors = tuple(dict.fromkeys((person, known)))
    facts = evolve(draft.facts, requester=draft.actor.subject, person=person)
    settled = settle(approval, facts, draft.demands)
    if reason := unmet(approval, settled.needs, authors):
        standing = [*standing, f"nobody can approve this as things are: {reason}"]
    return NewRequest(
        kind=facts.kind,
        title=draft.title,
        thread=draft.thread,
        document=draft.document,
        risk=draft.risk,
        requester=draft.actor.subject,
        expires_ns=time.time_ns() + int(settled.expires_after_s * 1e9),
        presentation={"facility": project.config.facility.name, "standing": standing, **draft.shown},
        key=draft.key,
        supersedes=draft.supersedes,
        needs=settled.needs,
        policy=approval.version,
        authors=authors,
    )


async def _filed(project: Project, row: RequestRow, draft: Draft) -> RequestRow:
    if row.state is not RequestState.PENDING:
        return row  # it was filed before, by a step that runs again
    remembered = await use_remembered(project, row, draft.facts)
    filed = remembered or row
    await tell_filed(project, filed)
    return filed


async def file_write_request(
    project: Project,
    judgement: Judgement,
    *,
    kind: str,
    title: str,
    thread: str,
    key: str,
    actor: Actor,
    supersedes: str | None = None,
    bound: Mapping[str, Any] | None = None,
    shown: Mapping[str, Any] | None = None,
) -> RequestRow:
    """Store what the guard judged as a request that a person can decide.

    :param key: what makes the request the same one when the caller runs again after a crash.
    :param supersedes: the request whose remainder this is.
    :param bound: further content of the hashed document, such as the hash of the code.
    :param shown: what is shown beside it and not hashed, such as the code itself.
    :raises RefusedError: the guard refused an item, or a policy the list; nothing is stored but the audit row.
    """
    await require_judged(project, judgement, actor)
    draft = Draft(
        document=write_document(judgement, alarms=alarms_of_judgement(judgement), **(bound or {})),
        title=title,
        thread=thread,
        risk=risk_of(judgement),
        actor=actor,
        facts=facts_of_judgement(judgement, kind),
        key=key,
        supersedes=supersedes,
        shown={**shown_of_judgement(judgement), **(shown or {})},
        demands=demands_of(judgement),
    )
    return await file_request(project, draft)


def demands_of(judgement: Judgement) -> tuple[tuple[str, Needs], ...]:
    """Give what write policies of plugins ask for, each with its rule."""
    return tuple(
        (demand.rule, Needs(persons=demand.persons, roles=dict.fromkeys(demand.roles, 1)))
        for demand in judgement.demands
    )


async def require_judged(project: Project, judgement: Judgement, actor: Actor) -> None:
    """Go on only if the guard allowed everything; a refusal is audited.

    :raises RefusedError: with every refused item, its reason and its rule.
    """
    try:
        require_allowed(judgement)
    except RefusedError as exc:
        refused = [item for item in judgement.items if not item.is_allowed]
        told = {"target": judgement.target, "refused": [[item.name, item.rule] for item in refused[:_AUDITED]]}
        await journal_of(project).audit.refusal(actor, "write", exc.rule, refused[0].reason, told)
        raise


async def _in_the_way(project: Project, facts: Facts) -> list[str]:
    """Say what stands in the way now: an approval may be given all the same, and waits for it."""
    if not facts.items:
        return []
    journal = journal_of(project)
    names = {item.channel for item in facts.items}
    doubts = [d for d in await journal.ledger.doubts() if d.target == facts.target and d.channel in names]
    said = list(_doubtful(doubts))
    halt = await journal.halt.state()
    if halt.is_set:
        said.append(f"all writes are halted by {halt.actor}: {halt.reason}")
    return said


def _doubtful(doubts: Iterable[Any]) -> Iterable[str]:
    for doubt in doubts:
        yield f"{doubt.channel} is in doubt since request {doubt.request_id}: settle it first (osprey ledger list)"
