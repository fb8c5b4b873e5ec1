"""Reading the audit: rows by filter, one row with its seal, everything about one request, and copies."""

from __future__ import annotations

import hmac
import json
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final, cast

from attrs import frozen
from sqlalchemy import ColumnElement, Connection, RowMapping, select

from osprey.errors import UsageError
from osprey.journal.audit.copies import CopyForm, write_copy
from osprey.journal.audit.copy_check import CopyVerdict, check_copy
from osprey.journal.audit.protection import Protection, protections_of
from osprey.journal.audit.seal import FIRST_SEAL, SEALED_COLUMNS, seal_row
from osprey.journal.ledger.intents import intents_of
from osprey.journal.requests.decisions import decisions_of
from osprey.journal.requests.steps import find_request
from osprey.journal.requests.votes import DecisionRow
from osprey.journal.tables import AUDIT
from osprey.journal.values import AuditRow, RequestRow

if TYPE_CHECKING:
    from osprey.journal.audit.anchor import Anchor
    from osprey.storage import Database

_COLUMNS: Final = tuple(AUDIT.c[name] for name in (*SEALED_COLUMNS, "mac"))


@frozen(kw_only=True)
class AuditFilter:
    """Which rows are wanted; what is None does not matter. Patterns know ``*`` and ``?``."""

    subject: str | None = None
    event: str | None = None
    """A pattern, such as ``request.*``."""
    actor: str | None = None
    """A pattern, such as ``os:*``."""
    since_ns: int | None = None
    limit: int | None = None
    """The newest so many."""


@frozen(kw_only=True)
class SealedRow:
    """One row in full."""

    row: AuditRow
    high_ns: int
    """The latest time that the audit had seen until then."""
    seal: str
    is_genuine: bool
    """Whether the seal is that of this row after the row before it."""


@frozen(kw_only=True)
class RequestTrail:
    """Everything that the journal tells of one request."""

    request: RequestRow | None
    """None: the audit speaks of it, but it is not there."""
    rows: tuple[AuditRow, ...]
    """Filed, votes, decision, claim, effects, refusals, in the order of the audit."""
    decisions: tuple[DecisionRow, ...]


class AuditRecords:
    """Reads the audit of one project, and copies it."""

    def __init__(self, database: Database, key: bytes, anchor: Anchor) -> None:
        self._database = database
        self._key = key
        self._anchor = anchor

    async def list(self, wanted: AuditFilter) -> list[AuditRow]:
        """Give the rows that are wanted, oldest first."""
        return await self._database.read(lambda connection: list_rows(connection, wanted))

    async def row(self, seq: int) -> SealedRow:
        """Give one row in full.

        :raises UsageError: there is no such row.
        """

        def read(connection: Connection) -> SealedRow | None:
            query = select(*_COLUMNS).where(AUDIT.c.seq.in_((seq - 1, seq))).order_by(AUDIT.c.seq)
            found = {row["seq"]: row for row in connection.execute(query).mappings()}
            return None if seq not in found else self._sealed(found[seq], found.get(seq - 1))

        row = await self._database.read(read)
        if row is None:
            msg = f"the audit has no row {seq}: `osprey audit log` shows those there are"
            raise UsageError(msg)
        return row

    def _sealed(self, row: RowMapping, before: RowMapping | None) -> SealedRow:
        previous = FIRST_SEAL if before is None else str(before["mac"])
        wanted = seal_row(self._key, previous, tuple(row[name] for name in SEALED_COLUMNS))
        is_genuine = hmac.compare_digest(wanted.encode(), str(row["mac"]).encode())
        return SealedRow(row=audit_row(row), high_ns=row["high_ns"], seal=str(row["mac"]), is_genuine=is_genuine)

    async def of_request(self, request_id: str) -> RequestTrail:
        """Give everything about one request, in order.

        :raises UsageError: there is no such request, and the audit has never heard of it.
        """
        trail = await self._database.read(lambda connection: _trail(connection, request_id))
        if trail.request is None and not trail.rows:
            msg = f"there is no row and no request {request_id!r}: `osprey audit log` shows the rows that there are"
            raise UsageError(msg)
        return trail

    async def write_copy(self, file: IO[str], form: CopyForm, since_ns: int | None = None) -> int:
        """Write the rows since then with their seals, and what the anchor says, to a file; give how many there were.

        :raises OSError: the file cannot be written.
        """
        anchored = self._anchor.newest()

        def work(connection: Connection) -> int | OSError:
            try:
                return write_copy(connection, self._key, anchored, file, form, since_ns)
            except OSError as exc:  # of this file: where it is raised here, it would be told as the database's
                return exc

        written = await self._database.read(work)
        if isinstance(written, OSError):
            raise written
        return written

    async def check_copy(self, path: Path) -> CopyVerdict:
        """Check a copy against the key, and the audit as it is now against the copy."""
        return await self._database.read(lambda connection: check_copy(connection, self._key, path))

    def protections(self) -> tuple[Protection, ...]:
        """Say which tampering a check finds as the project is set up, and which it does not."""
        return protections_of(self._anchor.path)


def list_rows(connection: Connection, wanted: AuditFilter) -> list[AuditRow]:
    """Read the rows that are wanted, oldest first."""
    newest_first = select(*_COLUMNS).where(*_conditions(wanted)).order_by(AUDIT.c.seq.desc()).limit(wanted.limit)
    return [audit_row(row) for row in connection.execute(newest_first).mappings()][::-1]


def _conditions(wanted: AuditFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.subject is not None:
        found.append(AUDIT.c.subject == wanted.subject)
    if wanted.since_ns is not None:
        found.append(AUDIT.c.ns >= wanted.since_ns)
    for column, pattern in ((AUDIT.c.event, wanted.event), (AUDIT.c.actor, wanted.actor)):
        if pattern is not None:
            found.append(column.like(_like(pattern), escape="\\"))
    return found


def _like(pattern: str) -> str:
    for sign in ("\\", "%", "_"):
        pattern = pattern.replace(sign, f"\\{sign}")
    return pattern.replace("*", "%").replace("?", "_")


def _trail(connection: Connection, request_id: str) -> RequestTrail:
    subjects = [request_id, *(f"intent:{intent.id}" for intent in intents_of(connection, request_id))]
    # What was refused before the request was known, and what a decision on it was remembered for.
    named = AUDIT.c.detail.contains(json.dumps(request_id), autoescape=True)
    query = select(*_COLUMNS).where(AUDIT.c.subject.in_(subjects) | named).order_by(AUDIT.c.seq)
    return RequestTrail(
        request=find_request(connection, request_id),
        rows=tuple(audit_row(row) for row in connection.execute(query).mappings()),
        decisions=tuple(decisions_of(connection, request_id)),
    )


def audit_row(values: RowMapping) -> AuditRow:
    """Build a row of the audit from its row of the table."""
    names = ("seq", "ns", "actor", "terminal", "host", "event", "subject")
    return AuditRow(**{name: values[name] for name in names}, detail=_detail(values["detail"]))


def _detail(text: Any) -> dict[str, Any]:
    """Parse a detail; one that somebody has changed is shown as it is."""
    try:
        told = json.loads(text)
    except (TypeError, ValueError):
        told = None
    return cast("dict[str, Any]", told) if isinstance(told, dict) else {"not understood": repr(text)}
