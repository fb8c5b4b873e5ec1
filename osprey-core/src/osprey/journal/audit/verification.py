"""The check of the audit: every row's seal, the order, the end, and the anchor.

What it finds, and what it cannot find as a project is set up, stands in `osprey.journal.audit.protection`.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Iterator
from typing import Any, Final

from sqlalchemy import Connection

from osprey.journal.audit.anchor import AnchorContent
from osprey.journal.audit.seal import FIRST_SEAL, SEALED_COLUMNS, seal_row
from osprey.journal.values import AuditVerdict, Finding, FindingKind

_ROWS: Final = f"SELECT {', '.join(SEALED_COLUMNS)}, mac FROM audit ORDER BY seq"  # noqa: S608 - names of our own
_MOST_FINDINGS: Final = 50
"""A rewritten table would otherwise yield a finding a row."""


def verify_table(connection: Connection, key: bytes, anchor: AnchorContent) -> AuditVerdict:
    """Check the audit as this connection sees it, against the key and the anchor.

    The anchor must have been read before the connection's transaction began, so that a row appended meanwhile is no
    contradiction.
    """
    return verify_rows(key, stored_rows(connection), anchor)


def stored_rows(connection: Connection, query: str = _ROWS) -> Iterator[tuple[Any, ...]]:
    """Read rows as they are stored, those included whose text somebody has replaced by what is none."""
    raw: Any = connection.connection.dbapi_connection
    usual = raw.text_factory
    raw.text_factory = _text_or_not
    try:
        yield from raw.execute(query)
    finally:
        raw.text_factory = usual


def _text_or_not(stored: bytes) -> str:
    return stored.decode("utf-8", "surrogateescape")


def verify_rows(key: bytes, rows: Iterable[tuple[Any, ...]], anchor: AnchorContent) -> AuditVerdict:
    """Check rows (sealed columns, then the seal), in order of `seq`, against the key and the anchor."""
    findings: list[Finding] = []
    seals, previous, expected = anchor.seals, FIRST_SEAL, 1
    for *values, mac in rows:
        seq = values[0]
        if seq != expected:
            findings.append(_out_of_order(seq, expected))
        elif not hmac.compare_digest(seal_row(key, previous, tuple(values)).encode(), str(mac).encode()):
            message = f"row {seq} was changed, moved, or written without the key"
            findings.append(Finding(FindingKind.EDITED, seq, message))
        if seq in seals and seals[seq] != mac:
            message = f"row {seq} is not the row that the anchor has seen"
            findings.append(Finding(FindingKind.ANCHOR_MISMATCH, seq, message))
        previous, expected = str(mac), seq + 1
    count = expected - 1
    findings += _judge_anchor(anchor, count)
    return AuditVerdict(
        rows=count,
        anchored=min(anchor.count, count),
        findings=tuple(findings[:_MOST_FINDINGS]),
        note=_note(anchor, count),
    )


def _out_of_order(seq: int, expected: int) -> Finding:
    if seq < expected:
        return Finding(FindingKind.EDITED, seq, f"row {seq} stands where no row can be")
    return Finding(FindingKind.MISSING, expected, f"rows {expected} to {seq - 1} are gone")


def _judge_anchor(anchor: AnchorContent, count: int) -> list[Finding]:
    findings: list[Finding] = []
    if anchor.count > count:
        message = f"the anchor has seen {anchor.count} rows, the table ends at row {count}"
        findings.append(Finding(FindingKind.TRUNCATED, count + 1, message))
    findings += [
        Finding(FindingKind.ANCHOR_MISMATCH, seq, f"the anchor has seen two different rows {seq}")
        for seq in anchor.conflicts
    ]
    if anchor.damaged:
        lines = ", ".join(str(number) for number in anchor.damaged)
        message = f"the anchor's lines {lines} are not what Osprey writes"
        findings.append(Finding(FindingKind.ANCHOR_DAMAGED, 0, message))
    if anchor.disordered:
        lines = ", ".join(str(number) for number in anchor.disordered)
        message = f"the anchor's lines {lines} say less than a line before them: lines were exchanged or put back"
        findings.append(Finding(FindingKind.ANCHOR_DAMAGED, 0, message))
    if anchor.begun is None:
        message = "the anchor is missing, or its first line is not genuine"
        findings.append(Finding(FindingKind.ANCHOR_DAMAGED, 0, message))
    elif anchor.begun > 0:
        message = f"the anchor was lost and begun again when the audit had {anchor.begun} rows"
        findings.append(Finding(FindingKind.ANCHOR_RESTARTED, anchor.begun, message))
    return findings


def _note(anchor: AnchorContent, count: int) -> str:
    notes: list[str] = []
    if anchor.count < count:
        notes.append(
            f"{count - anchor.count} rows are not anchored yet: a process is writing them now, or died "
            "before it could; opening the project appends the line"
        )
    if anchor.torn:
        notes.append("the anchor has lines that a crash cut short; later lines cover their rows")
    return "; ".join(notes)
