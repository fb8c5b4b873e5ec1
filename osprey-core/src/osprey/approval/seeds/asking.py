"""Filing a question once: a node that LangGraph runs again finds the request that it filed before."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from attrs import field, frozen
from sqlalchemy import Connection, select

from osprey.approval.answers import read_answer, stored_decision
from osprey.approval.filing import Draft, file_request_sync
from osprey.approval.identity import current_actor
from osprey.approval.kinds import kind_of_request
from osprey.approval.kinds.document import write_content
from osprey.approval.rules import Facts
from osprey.approval.seeds.payloads import ASKED, PAYLOAD, TYPES
from osprey.approval.seeds.places import CALL, asked_by_step, current_call, current_place, digest_of, key_of_question
from osprey.approval.seeds.stored import read_stored
from osprey.errors import RefusedError
from osprey.journal import RequestRow, RequestState, journal_of
from osprey.journal.refusals import Refusal
from osprey.journal.requests.expiry import has_ended
from osprey.journal.requests.steps import find_by_key, find_request, sha256_of
from osprey.journal.rows import request_row
from osprey.journal.tables import REQUESTS

if TYPE_CHECKING:
    from osprey.project import Project

_LONGEST_TITLE: Final = 120


@frozen(kw_only=True)
class Question:
    """Something that a person shall approve, before it is a request."""

    kind: str
    title: str
    risk: str
    content: Mapping[str, Any]
    """What is approved; plain JSON. With its kind it makes the question what it is."""
    objective: str = ""
    concerns: Sequence[str] = ()
    aside: Mapping[str, Any] = field(factory=dict[str, Any])
    """What its author wants back with the answer, and nobody approves; plain JSON."""

    @property
    def key(self) -> str | None:
        """What makes it the same question in this step of the graph; None outside of one."""
        return key_of_question(self.kind, self.content)

    @property
    def shown(self) -> dict[str, Any]:
        """What is kept and shown beside the document."""
        call = current_call()
        return {
            "question": self.objective,
            "warnings": list(self.concerns),
            ASKED: digest_of(self.kind, self.content),
            PAYLOAD: dict(self.aside),
            **({TYPES: list(call.types), CALL: call.digest} if call else {}),
        }


def ask_once(project: Project, question: Question) -> RequestRow:
    """Give the stored request of a question, filed now if it is new.

    :raises RefusedError: the rules deny such requests, or the graph was resumed with an answer that does not count.
    :raises UsageError: nobody could be shown what the question is about.
    """
    found = find_asked(project, question)
    if found is not None:
        return found
    place = current_place()
    draft = Draft(
        document=write_content(question.kind, question.content),
        title=question.title,
        thread=place.thread if place else "",
        risk=question.risk,
        actor=current_actor(),
        facts=Facts(kind=question.kind),
        key=question.key,
        shown=question.shown,
    )
    _require_shown(project, draft)
    return file_request_sync(project, draft)


def find_asked(project: Project, question: Question) -> RequestRow | None:
    """Give the request that this question has become before; None if it is new.

    In a graph that is the one of this very step. Outside of one it is an identical request of the same author that
    still waits: nothing tells whether a decided one was meant for this time.
    """
    key = question.key
    if key is not None:
        _refuse_forged_answers(project)
        return read_stored(project, lambda connection: find_by_key(connection, key))
    actor, now_ns = current_actor(), time.time_ns()

    def read(connection: Connection) -> RequestRow | None:
        query = select(REQUESTS).where(
            REQUESTS.c.state == str(RequestState.PENDING),
            REQUESTS.c.kind == question.kind,
            REQUESTS.c.requester == actor.subject,
            REQUESTS.c.thread == "",
        )
        rows = (request_row(values) for values in connection.execute(query).mappings())
        return next((row for row in rows if _is_same(row, question) and not has_ended(row, now_ns)), None)

    return read_stored(project, read)


def _is_same(row: RequestRow, question: Question) -> bool:
    return row.supersedes is None and bool(row.presentation.get(ASKED) == question.shown[ASKED])


def _refuse_forged_answers(project: Project) -> None:
    """Refuse to go on where this node was resumed with a yes that nobody has given to what it asks.

    LangGraph's own `interrupt` would give it to the node; this is before that. Each request of the step stands for one
    yes, so that one which comes twice does not answer the next question.
    """
    asked = asked_by_step(project)
    if not asked:
        return
    from osprey.approval.interrupts import check_answers_of_node

    open_ones = list(asked)

    def check(given: Any) -> None:
        answer = read_answer(given)
        if answer is None or not answer.is_yes:
            return
        meant = _first_form(project, answer.request_id)
        stored_decision(project, given, asked=meant if meant in open_ones else (open_ones or asked)[-1])
        open_ones.remove(str(meant))

    check_answers_of_node(check)


def _first_form(project: Project, request_id: str | None) -> str | None:
    """Give the request that an edited one goes back to."""

    def read(connection: Connection) -> str | None:
        row, known = find_request(connection, str(request_id)), set[str]()
        while row is not None and row.supersedes is not None and row.id not in known:
            known.add(row.id)
            row = find_request(connection, row.supersedes)
        return None if row is None else row.id

    return read_stored(project, read)


def title_of(what: str, objective: str) -> str:
    """Give the title of a request for something with this objective, in one line."""
    title = f"{what}: {' '.join(objective.split())}" if objective.strip() else what
    return title if len(title) <= _LONGEST_TITLE else f"{title[: _LONGEST_TITLE - 1]}…"


def _require_shown(project: Project, draft: Draft) -> None:
    """Go on only if a person can be shown what would be filed: what cannot be shown cannot be approved."""
    try:
        kind_of_request(project, draft.facts.kind).card(_as_stored(draft))
    except RefusedError as exc:
        audit, refusal = journal_of(project).audit, Refusal(exc.rule, str(exc))
        actor, now_ns = draft.actor, time.time_ns()
        project.database.safety.run_sync(
            lambda connection: audit.refuse(connection, refusal, actor=actor, what="file", subject="", now_ns=now_ns)
        )
        raise


def _as_stored(draft: Draft) -> RequestRow:
    """Give a request as it would be stored, to see whether a person can be shown it."""
    unset = ("key", "supersedes", "decided_by", "decided_ns", "claimed_by", "claimed_ns", "owner", "groups")
    return RequestRow(
        id="",
        kind=draft.facts.kind,
        title=draft.title,
        thread=draft.thread,
        document=draft.document,
        sha256=sha256_of(draft.document),
        risk=draft.risk,
        requester=draft.actor.subject,
        state=RequestState.PENDING,
        created_ns=0,
        expires_ns=0,
        presentation=draft.shown,
        reason="",
        finished_ns=None,
        report=None,
        **dict.fromkeys(unset),
    )
