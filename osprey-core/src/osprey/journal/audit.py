"""The audit: every decision, claim, effect, refusal, recovery and settlement, in one sealed chain.

A row is appended inside the transaction of what it tells of, so neither exists without the other. See
`osprey.journal.verification` for what a check finds and what it cannot find.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, RowMapping, insert, select

from osprey.errors import UsageError
from osprey.journal.history import PastEvent, history_since
from osprey.journal.refusals import Refusal
from osprey.journal.seal import FIRST_SEAL, SEALED_COLUMNS, seal_row, seal_values
from osprey.journal.tables import AUDIT
from osprey.journal.values import ActorLike, AuditRow, AuditVerdict
from osprey.journal.verification import verify_rows
from osprey.storage.prepared import Prepared

if TYPE_CHECKING:
    from osprey.journal.anchor import Anchor
    from osprey.storage import Database

CLOCK_TOLERANCE_NS: Final = 1_000_000_000
"""How far the clock may lag behind the newest audit row: what time synchronisation steps without harm."""

_INSERT: Final = Prepared(insert(AUDIT))
_COLUMNS: Final = tuple(AUDIT.c[name] for name in (*SEALED_COLUMNS, "mac"))


class Audit:
    """Appends to the audit, lists it and checks it."""

    def __init__(self, database: Database, clock: Callable[[], int], key: bytes, anchor: Anchor) -> None:
        self._database = database
        self._clock = clock
        self._key = key
        self._anchor = anchor
        self._host = socket.gethostname()

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
        """Append the row of a refusal in the caller's transaction, and give the refusal back."""
        told = {"what": what, "rule": refusal.rule, "reason": refusal.message, **(detail or {})}
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

        :param subject: the request that it is about, if there is one.
        """

        def record(connection: Connection) -> None:
            refusal = Refusal(rule, reason)
            self.refuse(
                connection,
                refusal,
                actor=actor,
                what=what,
                subject=subject,
                now_ns=self._clock(),
                detail=detail,
            )

        await self._database.safety.run(record)

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
        """Count the refusals by a rule of what concerns a subject since then."""
        query = select(AUDIT.c.detail).where(
            AUDIT.c.subject == subject, AUDIT.c.event == "refused", AUDIT.c.ns >= since_ns
        )
        told = await self._database.read(lambda connection: connection.execute(query).scalars().all())
        return sum(json.loads(detail).get("rule") == rule for detail in told)

    async def log(self, *, limit: int | None = None) -> list[AuditRow]:
        """Give the newest `limit` rows (all of them without one), oldest first."""

        def read(connection: Connection) -> list[AuditRow]:
            newest_first = select(*_COLUMNS).order_by(AUDIT.c.seq.desc()).limit(limit)
            return [_row(row) for row in connection.execute(newest_first).mappings()][::-1]

        return await self._database.read(read)

    async def verify(self) -> AuditVerdict:
        """Check the whole audit; see `osprey.journal.verification`."""
        # Whatever this process still owes the anchor is written before this returns.
        await self._database.safety.settle()
        content = self._anchor.read()

        def check(connection: Connection) -> AuditVerdict:
            rows = connection.execute(select(*_COLUMNS).order_by(AUDIT.c.seq))
            return verify_rows(self._key, (tuple(row) for row in rows), content)

        return await self._database.read(check)


def _row(values: RowMapping) -> AuditRow:
    return AuditRow(
        seq=values["seq"],
        ns=values["ns"],
        actor=values["actor"],
        terminal=values["terminal"],
        host=values["host"],
        event=values["event"],
        subject=values["subject"],
        detail=json.loads(values["detail"]),
    )
