"""Requests: what a person decides. Single-use, hashed, expiring, stored; free text never approves.

Every change is one conditional update in one transaction with its audit row. A refused change commits its
audit row too, and is raised as `RefusedError` with the rule ``approval.<word>``; where the request's state is
in the way, the word is that state.
"""

from __future__ import annotations

import builtins
import re
from collections.abc import Callable, Sequence
from secrets import token_hex
from typing import TYPE_CHECKING, Final

from sqlalchemy import ColumnElement, Connection, insert, select

from osprey.errors import UsageError
from osprey.journal.refusals import Refusal, granted
from osprey.journal.request_steps import (
    EXPIRING,
    find_by_key,
    find_request,
    in_the_way,
    is_due,
    judge_document,
    judge_step,
    move_request,
    require_request,
    sha256_of,
    unknown_request,
)
from osprey.journal.rows import encode, request_row
from osprey.journal.tables import REQUESTS
from osprey.journal.values import ActorLike, NewRequest, RequestRow, RequestState, Who

if TYPE_CHECKING:
    from osprey.journal.audit import Audit
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
        presentation = encode(dict(new.presentation), "the presentation of a request")
        _require_text(new.document)

        def work(connection: Connection) -> RequestRow | Refusal:
            existing = find_by_key(connection, new.key)
            if existing is not None:
                return self.current(connection, existing.id, self._clock()) or existing
            return self._file(connection, new, presentation)

        return granted(await self._database.safety.run(work))

    def _file(self, connection: Connection, new: NewRequest, presentation: str) -> RequestRow | Refusal:
        now_ns = self._clock()
        requester = Who(new.requester)
        if new.supersedes is not None:
            refusal = self._supersede(connection, new.supersedes, requester, now_ns)
            if refusal is not None:
                return refusal
        row_id = f"req-{token_hex(6)}"
        sha256 = sha256_of(new.document)
        connection.execute(
            insert(REQUESTS),
            {
                "id": row_id,
                "kind": new.kind,
                "title": new.title,
                "thread": new.thread,
                "document": new.document,
                "sha256": sha256,
                "risk": new.risk,
                "requester": new.requester,
                "created_ns": now_ns,
                "expires_ns": new.expires_ns,
                "presentation": presentation,
                "key": new.key,
                "supersedes": new.supersedes,
                "state": str(RequestState.PENDING),
                "reason": "",
            },
        )
        self._audit.append(
            connection,
            event="request.created",
            actor=requester,
            subject=row_id,
            now_ns=now_ns,
            detail={"kind": new.kind, "sha256": sha256, "supersedes": new.supersedes, "risk": new.risk},
        )
        return require_request(connection, row_id)

    def _supersede(self, connection: Connection, request_id: str, actor: Who, now_ns: int) -> Refusal | None:
        """Retire the request that an edit replaces; a finished one stays, the new one continues it."""
        old = find_request(connection, request_id)
        if old is None or old.state in (RequestState.CLAIMED, RequestState.SUPERSEDED):
            refusal = unknown_request(request_id) if old is None else in_the_way(old, "be superseded")
            return self._audit.refuse(
                connection, refusal, actor=actor, what="supersede", subject=request_id, now_ns=now_ns
            )
        if old.state in EXPIRING:
            move_request(connection, old, RequestState.SUPERSEDED, {"finished_ns": now_ns})
            self._audit.append(connection, event="request.superseded", actor=actor, subject=request_id, now_ns=now_ns)
        return None

    async def get(self, request_id: str) -> RequestRow:
        """Give a request as it stands now: one whose time is over is recorded as expired first.

        :raises UsageError: there is no such request.
        """
        row = await self._database.read(lambda connection: find_request(connection, request_id))
        if row is None:
            msg = f"there is no request {request_id!r}: `osprey approvals list` shows those there are"
            raise UsageError(msg)
        if not self._has_ended(row):
            return row
        await self._expire_all_due()
        return await self._database.read(lambda connection: require_request(connection, request_id))

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

    async def approve(self, request_id: str, hash_prefix: str, actor: ActorLike) -> RequestRow:
        """Approve exactly the document with this hash, by at least 8 of its hex digits."""
        prefix = hash_prefix.strip().lower()
        if not _HASH_PREFIX.fullmatch(prefix):
            told = f"{hash_prefix!r} is not a part of a hash: give 8 to 64 hex digits as they are shown"
            answer: RequestRow | Refusal = Refusal("approval.hash", told)
            await self._audit.refusal(actor, "approve", "approval.hash", told, {"request": request_id})
            return granted(answer)

        def judge(row: RequestRow) -> Refusal | None:
            return judge_document(row, prefix)

        matches = REQUESTS.c.sha256.startswith(prefix, autoescape=True)
        return await self._decide(request_id, RequestState.APPROVED, actor, "", judge, matches)

    async def reject(self, request_id: str, actor: ActorLike, reason: str) -> RequestRow:
        """Say no, with a reason; the step that asked ends."""
        _require_reason(reason, "a rejection")
        return await self._decide(request_id, RequestState.REJECTED, actor, reason)

    async def withdraw(self, request_id: str, actor: ActorLike, reason: str) -> RequestRow:
        """Take a request back before it is claimed, approved or not."""
        _require_reason(reason, "a withdrawal")
        return await self._decide(request_id, RequestState.WITHDRAWN, actor, reason)

    async def _decide(
        self,
        request_id: str,
        state: RequestState,
        actor: ActorLike,
        reason: str,
        judge: Callable[[RequestRow], Refusal | None] = lambda _: None,
        condition: ColumnElement[bool] | None = None,
    ) -> RequestRow:
        what = {
            RequestState.APPROVED: "approve",
            RequestState.REJECTED: "reject",
            RequestState.WITHDRAWN: "withdraw",
        }[state]

        def work(connection: Connection) -> RequestRow | Refusal:
            now_ns = self._clock()
            row = self.current(connection, request_id, now_ns)
            refusal = judge_step(row, request_id, state)
            if refusal is None and row is not None:
                refusal = judge(row)
            if refusal is not None or row is None:
                return self._audit.refuse(
                    connection,
                    refusal or unknown_request(request_id),
                    actor=actor,
                    what=what,
                    subject=request_id,
                    now_ns=now_ns,
                )
            # The last word counts: who withdraws an approved request is its decider from then on.
            decided = {"decided_by": actor.subject, "decided_ns": now_ns, "reason": reason}
            move_request(connection, row, state, decided, condition)
            self._audit.append(
                connection,
                event=f"request.{state}",
                actor=actor,
                subject=request_id,
                now_ns=now_ns,
                detail={"sha256": row.sha256, "reason": reason},
            )
            return require_request(connection, request_id)

        return granted(await self._database.safety.run(work))

    def current(self, connection: Connection, request_id: str, now_ns: int) -> RequestRow | None:
        """Read a request in the caller's transaction, recording its expiry if it is due."""
        row = find_request(connection, request_id)
        if row is None or row.state not in EXPIRING or now_ns < row.expires_ns:
            return row
        self._expire(connection, row, now_ns)
        return require_request(connection, request_id)

    def _has_ended(self, row: RequestRow) -> bool:
        return row.state in EXPIRING and self._clock() >= row.expires_ns

    async def _expire_all_due(self) -> None:
        def work(connection: Connection) -> None:
            now_ns = self._clock()
            due = connection.execute(select(REQUESTS).where(is_due(now_ns))).mappings().all()
            for values in due:
                self._expire(connection, request_row(values), now_ns)

        await self._database.safety.run(work)

    def _expire(self, connection: Connection, row: RequestRow, now_ns: int) -> None:
        """Record an expiry as what it is: nobody's decision."""
        reason = "its time was over before it was decided"
        if row.state is RequestState.APPROVED:
            reason = "its time was over before it was carried out"
        move_request(connection, row, RequestState.EXPIRED, {"finished_ns": now_ns, "reason": reason})
        self._audit.append(
            connection,
            event="request.expired",
            actor=Who("osprey:clock"),
            subject=row.id,
            now_ns=now_ns,
            detail={"was": str(row.state), "expires_ns": row.expires_ns},
        )


def _require_reason(reason: str, what: str) -> None:
    if not reason.strip():
        msg = f"{what} needs a reason: others will read it"
        raise UsageError(msg)


def _require_text(document: str) -> None:
    try:
        document.encode("utf-8")
    except UnicodeEncodeError as exc:
        msg = f"the document of a request cannot be stored: {exc}: it must be text without lone surrogates"
        raise UsageError(msg) from exc
