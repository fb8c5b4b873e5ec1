"""What an answer to a question in a graph counts for: the stored decision whose id it carries, and nothing else.

An answer comes from whatever interface resumes the graph, so nothing in it is believed. It may say which request it is
about, and it may say no; that a person agreed is read from sealed rows.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, cast

from attrs import field, frozen
from sqlalchemy import Connection, select

from osprey.approval.identity import current_actor
from osprey.approval.people import identity_of
from osprey.approval.seeds.payloads import differing_keys
from osprey.journal import DecisionWord, RequestRow, RequestState, journal_of
from osprey.journal.refusals import Refusal, granted
from osprey.journal.requests.deciding import Ballot, decide
from osprey.journal.requests.entitlement import judge_entitlement, judge_seal
from osprey.journal.requests.steps import in_the_way, judge_document, judge_rules, unknown_request
from osprey.journal.tables import REQUESTS

if TYPE_CHECKING:
    from osprey.project import Project

_OPEN: Final = (RequestState.PENDING, RequestState.APPROVED)
_NOT_AGREED: Final = (RequestState.REJECTED, RequestState.EXPIRED, RequestState.WITHDRAWN)
_ID_KEYS: Final = ("approval_id", "request_id")


@frozen(kw_only=True)
class StoredDecision:
    """What became of a question, as it is stored."""

    row: RequestRow
    """The request as it stands now; an edited one stands in the place of the one that was asked."""
    is_approved: bool
    """Whether people have agreed to exactly this document, as its rules want it, and nothing was done with it yet."""


@frozen(kw_only=True)
class Answer:
    """An answer as it was given."""

    request_id: str | None
    """The request that it says it is about."""
    is_yes: bool | None
    """None: it says neither, and asks to look at what is stored."""
    payload: Mapping[str, Any] = field(factory=dict[str, Any])


def request_id_in(value: Any) -> str | None:
    """Give the request that a question or an answer names; None if it names none, or two."""
    if not isinstance(value, Mapping):
        return None
    told = cast("Mapping[str, Any]", value)
    found = {told[key] for key in _ID_KEYS if isinstance(told.get(key), str)}
    inner = request_id_in(told.get("resume_payload"))
    found |= {inner} if inner else set()
    return str(found.pop()) if len(found) == 1 else None


def read_answer(value: Any) -> Answer | None:
    """Give an answer; None for what is none, such as a text: free text never approves."""
    if not isinstance(value, Mapping):
        return None
    told = cast("Mapping[str, Any]", value)
    is_yes = told.get("approved")
    if is_yes is not None and not isinstance(is_yes, bool):
        return None
    return Answer(request_id=request_id_in(told), is_yes=is_yes, payload=told)


def stored_decision(project: Project, answer: Any, *, asked: str | None) -> StoredDecision:
    """Give the stored decision that an answer points to.

    A no needs no stored decision: it withdraws the request, so that nobody approves what nobody waits for any more.

    :param asked: the request that the question is about; None: whichever the answer names.
    :raises RefusedError: the answer does not count; it is audited, and the question stays open.
    """
    audit, now_ns = journal_of(project).audit, time.time_ns()

    def work(connection: Connection) -> StoredDecision | Refusal:
        found = _judge(connection, project, read_answer(answer), asked, now_ns)
        if isinstance(found, StoredDecision):
            return found
        subject = asked or request_id_in(answer) or ""
        return audit.refuse(connection, found, actor=current_actor(), what="answer", subject=subject, now_ns=now_ns)

    return granted(project.database.safety.run_sync(work))


def _judge(
    connection: Connection, project: Project, answer: Answer | None, asked: str | None, now_ns: int
) -> StoredDecision | Refusal:
    named = None if answer is None else answer.request_id
    if answer is None or (named is None and (answer.is_yes is not False or asked is None)):
        told = f"the question about request {asked}" if asked else "the question"
        return Refusal(
            "approval.no_id",
            f"the answer to {told} does not carry the id of a stored request, so nobody has agreed: decide with "
            "`osprey approvals approve`, and answer with what the question carries",
        )
    row = _in_force(connection, project, asked or str(named), now_ns)
    if row is None:
        return unknown_request(asked or str(named))
    if asked and named not in (None, asked, row.id):
        return Refusal(
            "approval.other_request",
            f"the answer to the question about request {asked} carries the id of request {named}, so it does not count",
        )
    if answer.is_yes is False:
        return StoredDecision(row=_withdrawn(connection, project, row, now_ns), is_approved=False)
    refusal = _judge_payload(connection, project, str(named), answer.payload, now_ns)
    return refusal or _decided(connection, project, answer, row, now_ns)


def _in_force(connection: Connection, project: Project, request_id: str, now_ns: int) -> RequestRow | None:
    """Give a request as it stands now; where an edited one took its place, that one."""
    requests, known = journal_of(project).requests, set[str]()
    row = requests.current(connection, request_id, now_ns)
    while row is not None and row.state is RequestState.SUPERSEDED and row.id not in known:
        known.add(row.id)
        found = connection.execute(select(REQUESTS.c.id).where(REQUESTS.c.supersedes == row.id)).scalars().first()
        row = row if found is None else requests.current(connection, found, now_ns)
    return row


def _withdrawn(connection: Connection, project: Project, row: RequestRow, now_ns: int) -> RequestRow:
    if row.state not in _OPEN:
        return row
    identity = identity_of(project)
    ballot = Ballot(
        request_id=row.id,
        word=DecisionWord.WITHDRAW,
        actor=identity.actor,
        voter=identity.voter,
        text="the step that asked was told no, and has ended",
    )
    done = decide(connection, journal_of(project).audit, ballot, now_ns)
    return row if isinstance(done, Refusal) else done


def _judge_payload(
    connection: Connection, project: Project, named: str, payload: Mapping[str, Any], now_ns: int
) -> Refusal | None:
    """Refuse an answer that carries something else than the request that it names, as that was filed."""
    journal = journal_of(project)
    row = journal.requests.current(connection, named, now_ns)
    if row is None:
        return unknown_request(named)
    refusal = judge_document(row, row.sha256, is_whole=True) or judge_seal(journal.audit, row)
    if refusal is not None:
        return refusal
    differing = differing_keys(row, payload)
    if not differing:
        return None
    told = f"the answer carries another {differing[0]} than request {row.id} does, so it does not count"
    return Refusal("approval.other_payload", told)


def _decided(
    connection: Connection, project: Project, answer: Answer, row: RequestRow, now_ns: int
) -> StoredDecision | Refusal:
    if answer.is_yes and answer.request_id != row.id:
        told = f"request {answer.request_id} was edited, and request {row.id} stands in its place: answer with that one"
        return Refusal("approval.superseded", told)
    if row.state in _NOT_AGREED and not answer.is_yes:
        return StoredDecision(row=row, is_approved=False)
    if row.state is RequestState.PENDING:
        told = f"nobody has decided request {row.id} yet: `osprey approvals show {row.id}` shows it, and who has to"
        return Refusal("approval.pending", told)
    if row.state is not RequestState.APPROVED:
        return in_the_way(row, "be taken for approved")
    audit = journal_of(project).audit
    refusal = judge_rules(row, project.config.approval.version) or audit.judge_clock(connection, now_ns)
    refusal = refusal or judge_document(row, row.sha256, is_whole=True) or judge_entitlement(connection, audit, row)
    return refusal or StoredDecision(row=row, is_approved=True)
