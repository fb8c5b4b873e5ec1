"""Requests: what a person decides. Single-use, hashed, expiring, stored; free text never approves.

Every change is one conditional update in one transaction with its audit row. A refused change commits its
audit row too, and is raised as `RefusedError` with the rule ``approval.<word>``; where the request's state is
in the way, the word is that state.
"""

from __future__ import annotations

import builtins
import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from sqlalchemy import ColumnElement, Connection, func, select

from osprey.errors import UsageError
from osprey.journal.refusals import Refusal, granted
from osprey.journal.requests.deciding import Ballot, decide
from osprey.journal.requests.decisions import decisions_of
from osprey.journal.requests.expiry import current_request, expire_all_due, has_ended
from osprey.journal.requests.filing import file_request
from osprey.journal.requests.steps import find_by_key, find_request, is_due, require_request
from osprey.journal.requests.votes import DecisionRow, DecisionWord, Voter
from osprey.journal.rows import encode, request_row
from osprey.journal.tables import REQUESTS
from osprey.journal.values import ActorLike, NewRequest, RequestRow, RequestState, Who

if TYPE_CHECKING:
    from osprey.journal.audit.chain import Audit
    from osprey.journal.requests.remembered import NewRemembered
    from osprey.storage import Database

_HASH_PREFIX: Final = re.compile(r"[0-9a-f]{8,64}")


class Requests:
    """Files requests, lists them, and takes decisions on them."""

    def __init__(self, database: Database, clock: Callable[[], int], audit: Audit) -> None:
        self._database = database
        self._clock = clock
        self._audit = audit

    async def create(self, new: NewRequest) -> RequestRow:
        """File a request as pending; under a key that exists, give the row that was filed first.

        :raises RefusedError: the request that it supersedes is being carried out or was superseded already.
        """
        async with self._audit.keeping(Who(new.requester), "file"):
            return granted(await self._database.safety.run(self._filing(new)))

    def create_sync(self, new: NewRequest) -> RequestRow:
        """File a request as `create` does, and block until it is stored: for callers that cannot await."""
        return granted(self._database.safety.run_sync(self._filing(new)))

    def _filing(self, new: NewRequest) -> Callable[[Connection], RequestRow | Refusal]:
        presentation = encode(dict(new.presentation), "the presentation of a request")
        _require_text(new.document, "the document of a request")

        def work(connection: Connection) -> RequestRow | Refusal:
            existing = find_by_key(connection, new.key)
            if existing is not None:
                return self.current(connection, existing.id, self._clock()) or existing
            return file_request(connection, self._audit, new, presentation, self._clock())

        return work

    async def get(self, request_id: str) -> RequestRow:
        """Give a request as it stands now: one whose time is over is recorded as expired first.

        :raises UsageError: there is no such request.
        """
        row = await self._database.read(lambda connection: find_request(connection, request_id))
        if row is None:
            msg = f"there is no request {request_id!r}: `osprey approvals list` shows those there are"
            raise UsageError(msg)
        if not has_ended(row, self._clock()):
            return row
        await self._expire_all_due()
        return await self._database.read(lambda connection: require_request(connection, request_id))

    async def successor(self, request_id: str) -> RequestRow | None:
        """Give the newest request that replaces or continues this one; None if none does."""
        query = select(REQUESTS).order_by(REQUESTS.c.created_ns.desc(), REQUESTS.c.id).limit(1)

        def read(connection: Connection) -> RequestRow | None:
            newest: RequestRow | None = None
            known = {request_id}
            following = request_id
            while True:
                found = connection.execute(query.where(REQUESTS.c.supersedes == following)).mappings().first()
                if found is None or found["id"] in known:
                    return newest
                newest = request_row(found)
                following = newest.id
                known.add(following)

        return await self._database.read(read)

    async def decisions(self, request_id: str) -> builtins.list[DecisionRow]:
        """Give what people did with a request, in order: votes, remarks, a postponement, a no."""
        return await self._database.read(lambda connection: decisions_of(connection, request_id))

    async def list(self, states: Sequence[RequestState] = (), thread: str | None = None) -> builtins.list[RequestRow]:
        """Give requests, oldest first: of these states (any without), of this thread (any without)."""

        def find_due(connection: Connection) -> bool:
            due = select(REQUESTS.c.id).where(is_due(self._clock())).limit(1)
            return connection.execute(due).first() is not None

        def read(connection: Connection) -> builtins.list[RequestRow]:
            query = select(REQUESTS).order_by(REQUESTS.c.created_ns, REQUESTS.c.id)
            if states:
                query = query.where(REQUESTS.c.state.in_([str(state) for state in states]))
            if thread is not None:
                query = query.where(REQUESTS.c.thread == thread)
            return [request_row(row) for row in connection.execute(query).mappings()]

        if await self._database.read(find_due):
            await self._expire_all_due()
        return await self._database.read(read)

    async def approve(
        self,
        request_id: str,
        hash_prefix: str,
        actor: ActorLike,
        *,
        voter: Voter | None = None,
        text: str = "",
        remember: NewRemembered | None = None,
    ) -> RequestRow:
        """Approve exactly the document with this hash, by at least 8 of its hex digits.

        The request is approved once it has what it needs; until then it stays pending, and this is one vote.

        :param voter: who it is, as the interface has established; without it somebody known by the subject alone.
        :param remember: have the decision speak for the same again, within its scope.
        """
        prefix = hash_prefix.strip().lower()
        if not _HASH_PREFIX.fullmatch(prefix):
            told = f"{hash_prefix!r} is not a part of a hash: give 8 to 64 hex digits as they are shown"
            answer: RequestRow | Refusal = Refusal("approval.hash", told)
            await self._audit.refusal(actor, "approve", "approval.hash", told, {"request": request_id})
            return granted(answer)
        word = DecisionWord.APPROVE
        ballot = Ballot(
            request_id=request_id,
            word=word,
            actor=actor,
            voter=voter or Voter(person=actor.subject),
            text=text,
            hash_prefix=prefix,
            remember=remember,
        )
        return await self._decide(ballot, REQUESTS.c.sha256.startswith(prefix, autoescape=True))

    async def reject(self, request_id: str, actor: ActorLike, reason: str, *, voter: Voter | None = None) -> RequestRow:
        """Say no, with a reason; the step that asked ends. One no is enough."""
        _require_reason(reason, "a rejection")
        return await self._say(request_id, DecisionWord.REJECT, actor, voter, reason)

    async def withdraw(
        self,
        request_id: str,
        actor: ActorLike,
        reason: str,
        *,
        voter: Voter | None = None,
        judge: Callable[[RequestRow], Refusal | None] = lambda _: None,
    ) -> RequestRow:
        """Take a request back before it is claimed, approved or not.

        :param judge: who may, where a person asks; the guard takes back what it has refused.
        """
        _require_reason(reason, "a withdrawal")
        return await self._say(request_id, DecisionWord.WITHDRAW, actor, voter, reason, judge)

    async def postpone(
        self, request_id: str, actor: ActorLike, reason: str = "", *, voter: Voter | None = None
    ) -> RequestRow:
        """Say "not now", which is no "no": the request waits on, and its time runs."""
        return await self._say(request_id, DecisionWord.POSTPONE, actor, voter, reason)

    async def comment(self, request_id: str, actor: ActorLike, text: str, *, voter: Voter | None = None) -> RequestRow:
        """Keep a remark with the request; whatever it says, it decides nothing."""
        _require_reason(text, "a remark")
        return await self._say(request_id, DecisionWord.COMMENT, actor, voter, text)

    async def _say(
        self,
        request_id: str,
        word: DecisionWord,
        actor: ActorLike,
        voter: Voter | None,
        text: str,
        judge: Callable[[RequestRow], Refusal | None] = lambda _: None,
    ) -> RequestRow:
        voter = voter or Voter(person=actor.subject)
        return await self._decide(
            Ballot(request_id=request_id, word=word, actor=actor, voter=voter, text=text), judge=judge
        )

    async def _decide(
        self,
        ballot: Ballot,
        condition: ColumnElement[bool] | None = None,
        judge: Callable[[RequestRow], Refusal | None] = lambda _: None,
    ) -> RequestRow:
        _require_text(ballot.text, "what was said")

        def work(connection: Connection) -> RequestRow | Refusal:
            return decide(connection, self._audit, ballot, self._clock(), condition, judge)

        async with self._audit.keeping(ballot.actor, str(ballot.word), ballot.request_id):
            return granted(await self._database.safety.run(work))

    def current(self, connection: Connection, request_id: str, now_ns: int) -> RequestRow | None:
        """Read a request in the caller's transaction, recording its expiry if it is due."""
        return current_request(connection, self._audit, request_id, now_ns)

    async def count_waiting(self, *, but: str | None = None) -> int:
        """Count the requests that wait for a decision and whose time is not over, without one of them."""
        is_waiting = (REQUESTS.c.state == str(RequestState.PENDING)) & (REQUESTS.c.expires_ns > self._clock())
        query = select(func.count()).where(is_waiting, REQUESTS.c.id != (but or ""))
        return await self._database.read(lambda connection: int(connection.execute(query).scalar_one()))

    async def _expire_all_due(self) -> None:
        await self._database.safety.run(lambda connection: expire_all_due(connection, self._audit, self._clock()))


def _require_reason(reason: str, what: str) -> None:
    if not reason.strip():
        msg = f"{what} needs a reason: others will read it"
        raise UsageError(msg)


def _require_text(text: str, what: str) -> None:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as exc:
        msg = f"{what} cannot be stored: {exc}: it must be text without lone surrogates"
        raise UsageError(msg) from exc
