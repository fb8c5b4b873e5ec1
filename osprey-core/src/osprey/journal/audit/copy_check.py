"""Checking a copy of the audit: the copy against the key, and then the audit as it is now against the copy."""

from __future__ import annotations

import hmac
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, cast

from attrs import frozen
from sqlalchemy import Connection

from osprey.errors import UsageError
from osprey.journal.audit.copies import COLUMNS, FORMAT, seal_of_head
from osprey.journal.audit.seal import seal_row
from osprey.journal.values import Finding, FindingKind

_MOST_FINDINGS: Final = 50
_PRESENT: Final = "SELECT seq, mac FROM audit WHERE seq BETWEEN ? AND ?"


@frozen(kw_only=True)
class CopyVerdict:
    """What a check of a copy found."""

    written: str
    """When the copy was made, by its head."""
    first: int
    rows: int
    """Rows that stand in the file."""
    findings: tuple[Finding, ...] = ()

    @property
    def is_intact(self) -> bool:
        """Say whether the copy is genuine and the audit still says what it says."""
        return not self.findings


def check_copy(connection: Connection, key: bytes, path: Path) -> CopyVerdict:
    """Check a copy in lines of JSON, and every row of it that should stand in the audit now.

    :raises UsageError: the file cannot be read, or is no copy of an audit.
    """
    lines = _lines(path)
    head = _head(next(lines, ""), path)
    findings = [] if _is_genuine(key, head) else [_damaged(0, "its head was changed, or sealed with another key")]
    seals: dict[int, str] = {}
    findings += _check_rows(key, head, lines, seals)
    # What is not genuine proves nothing against the audit.
    if not findings:
        findings = _compare(connection, seals)
    return CopyVerdict(
        written=str(head.get("written", "")),
        first=int(head["first"]),
        rows=len(seals),
        findings=tuple(findings[:_MOST_FINDINGS]),
    )


def _lines(path: Path) -> Iterator[str]:
    try:
        with path.open(encoding="utf-8", errors="surrogateescape") as file:
            yield from file
    except OSError as exc:
        msg = f"cannot read {path}: {exc.strerror}"
        raise UsageError(msg) from exc


def _head(line: str, path: Path) -> dict[str, Any]:
    head = _object(line)
    whole = {"first", "rows", "before", "end", "seal"}
    if head is None or head.get("format") != FORMAT or not whole <= head.keys() or not isinstance(head["first"], int):
        msg = f"{path} is no copy of an audit in lines of JSON: `osprey audit export --output FILE` makes one"
        raise UsageError(msg)
    return head


def _object(line: str) -> dict[str, Any] | None:
    try:
        told = json.loads(line)
    except ValueError:
        return None
    return cast("dict[str, Any]", told) if isinstance(told, dict) else None


def _is_genuine(key: bytes, head: dict[str, Any]) -> bool:
    return hmac.compare_digest(seal_of_head(key, head).encode(), str(head["seal"]).encode())


def _damaged(seq: int, message: str) -> Finding:
    return Finding(FindingKind.COPY_DAMAGED, seq, f"the copy is not genuine: {message}")


def _check_rows(key: bytes, head: dict[str, Any], lines: Iterator[str], seals: dict[int, str]) -> list[Finding]:
    """Check the chain of the rows, and note each row's seal."""
    findings: list[Finding] = []
    previous, expected = str(head["before"]), head["first"]
    for number, line in enumerate(lines, start=2):
        told = _object(line)
        if told is None or tuple(told) != COLUMNS:
            findings.append(_damaged(0, f"line {number} is no row"))
            continue
        *values, mac = told.values()
        if values[0] != expected:
            findings.append(_damaged(expected, f"line {number} holds row {values[0]}, not row {expected}"))
        elif not hmac.compare_digest(seal_row(key, previous, tuple(values)).encode(), str(mac).encode()):
            findings.append(_damaged(expected, f"row {expected} was changed, or sealed with another key"))
        seals[expected] = previous = str(mac)
        expected += 1
    if len(seals) != head["rows"] or (seals and previous != head["end"]):
        findings.append(_damaged(expected, f"its head tells of {head['rows']} rows, {len(seals)} are there"))
    return findings


def _compare(connection: Connection, seals: dict[int, str]) -> list[Finding]:
    """Find what the audit no longer says."""
    if not seals:
        return []
    present = {row[0]: row[1] for row in connection.exec_driver_sql(_PRESENT, (min(seals), max(seals)))}
    gone = [seq for seq in seals if seq not in present]
    findings = [
        Finding(FindingKind.COPY_DIFFERS, seq, f"row {seq} of the audit is not the row that was exported")
        for seq, mac in seals.items()
        if seq in present and present[seq] != mac
    ]
    if gone:
        message = f"{len(gone)} exported rows, from {gone[0]} to {gone[-1]}, are not in the audit"
        findings.insert(0, Finding(FindingKind.COPY_DIFFERS, gone[0], message))
    return findings
