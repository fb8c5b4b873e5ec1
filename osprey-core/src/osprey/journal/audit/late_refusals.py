"""Refusals that the audit could not take: told at once, kept in the spool, and appended when the audit works again.

A refusal that was appended inside a transaction is gone if that transaction cannot be committed; so it is noted here
until its end is known. Whatever becomes of the record, the refusal stands.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Final, Protocol

from attrs import evolve
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from osprey.journal.audit.alarm import tell_at_once
from osprey.journal.audit.spool import Spool
from osprey.journal.audit.spool_records import LateRefusal, Overflow, SpoolContent
from osprey.journal.refusals import Refusal
from osprey.journal.values import ActorLike, Who
from osprey.storage.faults import folder_error

SPOOLER: Final = Who("osprey:spool")
"""Who tells what became of the spool itself."""

_FIND: Final = "SELECT 1 FROM audit WHERE subject = ? AND event = ? AND instr(detail, ?) > 0 LIMIT 1"


class Append(Protocol):
    """`Audit.append`."""

    def __call__(
        self,
        connection: Connection,
        *,
        event: str,
        actor: ActorLike,
        subject: str,
        now_ns: int,
        detail: Mapping[str, Any] | None = None,
    ) -> None: ...


class LateRefusals:
    """Keeps what the audit could not take, and appends it later, each once."""

    def __init__(self, spool: Spool, clock: Callable[[], int], append: Append) -> None:
        self._spool = spool
        self._clock = clock
        self._append = append
        self._noted: list[LateRefusal] = []

    def prepare(self) -> None:
        """Have the spool lie ready, with room that a full disk cannot take."""
        with suppress(OSError):  # a journal that can be read must open; `note_on_spool` says that there is none
            self._spool.prepare()

    def has_any(self) -> bool:
        """Say whether something waits in the spool."""
        return self._spool.has_any()

    def note(self, refusal: LateRefusal) -> None:
        """Note a refusal of the transaction that runs on this thread."""
        self._noted.append(refusal)

    def transaction_ended(self, failure: BaseException | None) -> None:
        """Keep what the transaction refused if it could not be committed: the hook of the safety writer."""
        noted, self._noted = self._noted, []
        if failure is not None:
            for refusal in noted:
                self.keep(evolve(refusal, cause=str(failure)))

    def keep(self, refusal: LateRefusal) -> bool:
        """Tell of a refusal at once and keep it; False: it could only be told."""
        try:
            with self._spool.opened() as held:
                is_whole = held.keep(refusal)
        except (OSError, ValueError) as exc:
            tell(refusal, f"it could not be kept in {self._spool.path} either ({exc})")
            return False
        tell(refusal, told_of_fate(self._spool, is_whole=is_whole))
        return True

    def note_on_spool(self) -> str:
        """Say what should be known of the spool; empty if nothing waits in it."""
        try:
            content = self._spool.read()
        except OSError as exc:
            return f"the spool {self._spool.path} could not be read: {exc}"
        waiting = len(content.refusals) + (0 if content.overflow is None else content.overflow.count)
        if not self._spool.path.exists():
            return f"there is no spool {self._spool.path}: a refusal that cannot be appended is told, but not kept"
        return f"{waiting} refusals wait in the spool for the audit to be written again" if waiting else ""

    def count(self, rule: str, subject: str, since_ns: int) -> int:
        """Count the refusals by a rule that wait in the spool; those that did not fit may be any, so all of them count.

        :raises StorageError: the spool cannot be read.
        """
        try:
            content = self._spool.read()
        except OSError as exc:
            raise folder_error(exc, self._spool.path) from exc
        wanted = [one for one in content.refusals if one.subject == subject and one.detail.get("rule") == rule]
        count = sum(one.ns >= since_ns for one in wanted)
        unknown = content.overflow
        return count + (unknown.count if unknown is not None and unknown.until_ns >= since_ns else 0)

    def bring_in(self, connection: Connection) -> None:
        """Append what waits in the spool in a transaction of its own: the safety writer's hook after commits.

        If that fails, it waits for the next commit; nothing else is held up by it.
        """
        if not self._spool.has_any():
            return
        with suppress(DBAPIError, sqlite3.Error, OSError), self._spool.opened() as held:
            content = held.read()
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            try:
                self._append_all(connection, content)
                connection.commit()
            except BaseException:
                connection.rollback()
                raise
            # Killed before this: the next one finds the rows by their ids, and appends none twice.
            held.clear()

    def _append_all(self, connection: Connection, content: SpoolContent) -> None:
        now_ns = self._clock()
        for refusal in content.refusals:
            who = Who(refusal.actor, refusal.terminal, refusal.host)
            spooled = {"id": refusal.id, "time": _utc(refusal.ns), "ns": refusal.ns, "cause": refusal.cause}
            self._append_once(connection, "refused", who, refusal.subject, now_ns, refusal.detail, spooled)
        if content.overflow is not None:
            told, spooled = _told_of(content.overflow)
            self._append_once(connection, "refused", SPOOLER, "", now_ns, told, spooled)
        if content.foreign:
            told = {"reason": "lines of the spool were cut short by a crash, or written without the audit's key"}
            told, spooled = {**told, "lines": content.foreign}, {"id": content.foreign_hash}
            self._append_once(connection, "audit.spool_damaged", SPOOLER, "", now_ns, told, spooled)

    def _append_once(
        self,
        connection: Connection,
        event: str,
        actor: Who,
        subject: str,
        now_ns: int,
        detail: Mapping[str, Any],
        spooled: Mapping[str, Any],
    ) -> None:
        if connection.exec_driver_sql(_FIND, (subject, event, f'"id":"{spooled["id"]}"')).first() is not None:
            return
        whole = {**detail, "spooled": dict(spooled)}
        self._append(connection, event=event, actor=actor, subject=subject, now_ns=now_ns, detail=whole)


def tell(refusal: LateRefusal, fate: str) -> None:
    """Tell at once of a refusal that the audit could not take, and what becomes of it."""
    tell_at_once(f"{refusal.sentence}; the audit could not be written ({refusal.cause}); {fate}")


def told_of_fate(spool: Spool, *, is_whole: bool) -> str:
    """Say what became of a refusal that was given to the spool."""
    if is_whole:
        return f"it is kept in {spool.path} until it can"
    return f"{spool.path} is full, so it is only counted there"


def _told_of(overflow: Overflow) -> tuple[dict[str, Any], dict[str, Any]]:
    """Give the detail of the row that tells how many refusals are known by their number only."""
    refusal = Refusal(
        "audit.spool_full",
        f"{overflow.count} more refusals did not fit into the audit's spool: they stand in the log of the system",
    )
    told = {"what": "keep", "rule": refusal.rule, "reason": refusal.message, "count": overflow.count}
    times = {"time": _utc(overflow.since_ns), "ns": overflow.since_ns, "until_ns": overflow.until_ns}
    return told, {"id": overflow.id, **times}


def _utc(time_ns: int) -> str:
    return datetime.fromtimestamp(time_ns / 1e9, tz=UTC).isoformat(timespec="milliseconds")
