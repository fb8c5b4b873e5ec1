"""The audit: every decision, claim, effect, refusal, recovery and settlement, in one sealed chain.

A row is appended inside the transaction of what it tells of, so neither exists without the other. See
`osprey.journal.audit.verification` for what a check finds and what it cannot find.
"""

from __future__ import annotations

import json
import socket
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any, Final

import anyio
import anyio.to_thread
from attrs import evolve
from sqlalchemy import Connection, insert, select

from osprey.errors import StorageError, UsageError
from osprey.journal.audit.history import PastEvent, history_since
from osprey.journal.audit.late_refusals import LateRefusals
from osprey.journal.audit.records import AuditFilter, list_rows
from osprey.journal.audit.seal import FIRST_SEAL, SEALED_COLUMNS, seal_row, seal_values
from osprey.journal.audit.spool import Spool
from osprey.journal.audit.spool_records import LateRefusal
from osprey.journal.audit.verification import verify_table
from osprey.journal.refusals import Refusal
from osprey.journal.tables import AUDIT
from osprey.journal.values import ActorLike, AuditRow, AuditVerdict
from osprey.storage.prepared import Prepared

if TYPE_CHECKING:
    from osprey.journal.audit.anchor import Anchor
    from osprey.storage import Database

CLOCK_TOLERANCE_NS: Final = 1_000_000_000
"""How far the clock may lag behind the newest audit row: what time synchronisation steps without harm."""

_INSERT: Final = Prepared(insert(AUDIT))


class Audit:
    """Appends to the audit, lists it and checks it."""

    def __init__(self, database: Database, clock: Callable[[], int], key: bytes, anchor: Anchor) -> None:
        self._database = database
        self._clock = clock
        self._key = key
        self._anchor = anchor
        self._host = socket.gethostname()
        self._spool = Spool(database.state_dir, key)
        self.late: Final = LateRefusals(self._spool, clock, self.append)
        """What becomes of a refusal that cannot be appended."""

    def attach(self) -> None:
        """Have the safety writer bring in late refusals and keep the anchor up, from the next transaction on."""
        self.late.prepare()
        writer = self._database.safety
        writer.at_end(self.late.transaction_ended)
        # The anchor last, so that it sees the rows that come in late.
        writer.after_commit(self.late.bring_in)
        writer.after_commit(self._anchor.bring_up)

    def append(
        self,
        connection: Connection,
        *,
        event: str,
        actor: ActorLike,
        subject: str,
        now_ns: int,
        detail: Mapping[str, Any] | None = None,
        is_clock_accepted: bool = False,
    ) -> None:
        """Append one row in the caller's transaction; if that fails, so does the transaction."""
        seq, previous, high_ns = self._newest(connection)
        values = (
            seq + 1,
            now_ns,
            now_ns if is_clock_accepted else max(now_ns, high_ns),
            actor.subject,
            actor.terminal,
            actor.host or self._host,
            event,
            subject,
            json.dumps(detail or {}, sort_keys=True, allow_nan=False, separators=(",", ":")),
        )
        row = dict(zip(SEALED_COLUMNS, values, strict=True))
        _INSERT.execute(connection, **row, mac=seal_row(self._key, previous, values))

    def seal(self, what: str, values: tuple[Any, ...]) -> str:
        """Give the seal of a row of another table that stands by itself, such as a decision."""
        return seal_values(self._key, what, values)

    def judge_anchor(self, connection: Connection) -> Refusal | None:
        """Refuse if the anchor has seen rows that are not there now: the database is an earlier copy of itself."""
        newest = self._anchor.newest()
        if newest is None:
            told = (
                "the audit's anchor is missing or holds no line, so an earlier copy of the database could not be told"
            )
            return Refusal("audit.no_anchor", f"{told}: run `osprey audit verify`")
        seq, mac = newest
        found = connection.exec_driver_sql("SELECT mac FROM audit WHERE seq = ?", (seq,)).scalar()
        if seq == 0 or found == mac:
            return None
        return Refusal(
            "audit.rolled_back",
            f"the anchor has seen row {seq} of the audit, which is not there or another one: the database was replaced "
            "by an earlier or changed copy; nothing is carried out on it: run `osprey audit verify`",
        )

    def history(self, connection: Connection, event: str, subject: str) -> list[PastEvent] | Refusal:
        """Give all that happened, to anything, since the first such event about a subject; none if there is none.

        Refuse if that part of the audit is not whole, or if it begins before the anchor does: then an earlier copy of
        the database could have been put in its place.
        """
        events = history_since(connection, self._key, event, subject)
        begun = self._anchor.begun()
        if isinstance(events, Refusal) or not events or (begun is not None and begun < events[0].seq):
            return events
        told = f"the audit's anchor was lost and begun again after {subject} was recorded"
        told += ", so this could be an earlier copy of the database"
        return Refusal("audit.no_anchor", f"{told}: file a new request, and run `osprey audit verify`")

    @staticmethod
    def _newest(connection: Connection) -> tuple[int, str, int]:
        row = connection.exec_driver_sql("SELECT seq, mac, high_ns FROM audit ORDER BY seq DESC LIMIT 1").first()
        return (0, FIRST_SEAL, 0) if row is None else (row[0], row[1], row[2])

    def judge_clock(self, connection: Connection, now_ns: int) -> Refusal | None:
        """Refuse if the clock has gone back behind the newest audit row: expiry could not be judged."""
        _, _, high_ns = self._newest(connection)
        lag_ns = high_ns - now_ns
        if lag_ns <= CLOCK_TOLERANCE_NS:
            return None
        return Refusal(
            "approval.clock",
            f"the clock is {lag_ns / 1e9:.1f} s behind the newest audit row, so it cannot be told "
            "whether the approval has expired: set the clock right; if it is right now and was wrong before, "
            "`osprey audit accept-clock --reason ...` says so",
        )

    def refuse(
        self,
        connection: Connection,
        refusal: Refusal,
        *,
        actor: ActorLike,
        what: str,
        subject: str,
        now_ns: int,
        detail: Mapping[str, Any] | None = None,
    ) -> Refusal:
        """Append the row of a refusal in the caller's transaction, and give the refusal back.

        If that transaction cannot be committed, the refusal is told at once, and its row follows later.
        """
        told = _told(what, refusal, detail)
        self.late.note(self._late_refusal(actor, subject, now_ns, told))
        self.append(connection, event="refused", actor=actor, subject=subject, now_ns=now_ns, detail=told)
        return refusal

    async def refusal(
        self,
        actor: ActorLike,
        what: str,
        rule: str,
        reason: str,
        detail: Mapping[str, Any] | None = None,
        *,
        subject: str = "",
    ) -> None:
        """Record a refusal that another room decided, such as the guard's.

        If the audit cannot be written, the refusal is told at once and kept, and its row follows when it can.

        :param subject: the request that it is about, if there is one.
        :raises StorageError: it could not be kept either.
        """
        told, now_ns = _told(what, Refusal(rule, reason), detail), self._clock()

        def record(connection: Connection) -> None:
            self.append(connection, event="refused", actor=actor, subject=subject, now_ns=now_ns, detail=told)

        try:
            await self._database.safety.run(record)
        except StorageError as exc:
            late = self._late_refusal(actor, subject, now_ns, told, cause=str(exc))
            is_kept = False
            with anyio.CancelScope(shield=True):
                is_kept = await anyio.to_thread.run_sync(self.late.keep, late, limiter=anyio.CapacityLimiter(1))
            if not is_kept:
                raise

    @asynccontextmanager
    async def keeping(self, actor: ActorLike, what: str, subject: str = "") -> AsyncGenerator[None]:
        """Record a step that the journal's failure stops as refused; the failure goes on to whoever asked for it."""
        try:
            yield
        except StorageError as exc:
            with suppress(StorageError):  # the first failure is the one to tell of
                await self.refusal(actor, what, "ledger.unavailable", str(exc), subject=subject)
            raise

    def _late_refusal(
        self, actor: ActorLike, subject: str, now_ns: int, told: Mapping[str, Any], cause: str = ""
    ) -> LateRefusal:
        who = {"actor": actor.subject, "terminal": actor.terminal, "host": actor.host or self._host}
        return LateRefusal(**who, subject=subject, ns=now_ns, detail=told, cause=cause)

    async def record(
        self, actor: ActorLike, event: str, subject: str = "", detail: Mapping[str, Any] | None = None
    ) -> None:
        """Record an event of another room, such as a service that was started."""
        await self._database.safety.run(
            lambda connection: self.append(
                connection,
                event=event,
                actor=actor,
                subject=subject,
                now_ns=self._clock(),
                detail=detail,
            )
        )

    async def accept_clock(self, actor: ActorLike, reason: str) -> None:
        """Have a person say that the clock is right now, after it ran ahead: claims go by it again."""
        if not reason.strip():
            msg = "accepting the clock needs a reason: say what was wrong with it"
            raise UsageError(msg)
        await self._database.safety.run(
            lambda connection: self.append(
                connection,
                event="clock.accepted",
                actor=actor,
                subject="",
                now_ns=self._clock(),
                detail={"reason": reason},
                is_clock_accepted=True,
            )
        )

    async def count_refusals(self, rule: str, subject: str, since_ns: int) -> int:
        """Count the refusals by a rule of what concerns a subject since then, those that wait in the spool too."""
        return await self._database.read(lambda connection: self._count(connection, rule, subject, since_ns))

    async def refusal_among(
        self, actor: ActorLike, what: str, rule: str, reason: str, *, subject: str, since_ns: int, most: int
    ) -> bool:
        """Record a refusal if there are fewer than `most` by this rule on this subject since then; say whether it was.

        One transaction: of many that are refused at once, no more than `most` hear why.
        """

        def record(connection: Connection) -> bool:
            if self._count(connection, rule, subject, since_ns) >= most:
                return False
            refusal = Refusal(rule, reason)
            self.refuse(connection, refusal, actor=actor, what=what, subject=subject, now_ns=self._clock())
            return True

        return await self._database.safety.run(record)

    def _count(self, connection: Connection, rule: str, subject: str, since_ns: int) -> int:
        # The spool first: what moves into the audit meanwhile is counted twice rather than not at all.
        waiting = self.late.count(rule, subject, since_ns)
        of_subject = (AUDIT.c.subject == subject, AUDIT.c.event == "refused", AUDIT.c.ns >= since_ns)
        told = connection.execute(select(AUDIT.c.detail).where(*of_subject)).scalars()
        return waiting + sum(json.loads(one).get("rule") == rule for one in told)

    async def log(self, *, limit: int | None = None) -> list[AuditRow]:
        """Give the newest `limit` rows (all of them without one), oldest first."""
        return await self._database.read(lambda connection: list_rows(connection, AuditFilter(limit=limit)))

    async def verify(self) -> AuditVerdict:
        """Check the whole audit; see `osprey.journal.audit.verification`."""
        # Whatever this process still owes the anchor is written before this returns.
        await self._database.safety.settle()
        content = self._anchor.read()
        verdict = await self._database.read(lambda connection: verify_table(connection, self._key, content))
        return evolve(verdict, note="; ".join(filter(None, (verdict.note, self.late.note_on_spool()))))


def _told(what: str, refusal: Refusal, detail: Mapping[str, Any] | None) -> dict[str, Any]:
    return {"what": what, "rule": refusal.rule, "reason": refusal.message, **(detail or {})}
