"""The check of the audit: every row's seal, the order, the end, and the anchor.

What it finds: a row that was edited, deleted, inserted or moved; rows cut off below the newest anchor line;
a table written again without the key; an anchor that was edited, exchanged or lost.

What it cannot find: whoever can write as the project's user can read `audit.key` and seal a false history;
table and anchor cut back to the same earlier row (keep copies of `audit.anchor` on another machine, or make
it append-only with ``chattr +a``, and this is found as well); rows cut off that had no anchor line yet, which
are those of the last moments before a crash; an event that was never recorded.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from typing import Any, Final

from osprey.journal.anchor import AnchorContent
from osprey.journal.seal import FIRST_SEAL, seal_row
from osprey.journal.values import AuditVerdict, Finding, FindingKind

_MOST_FINDINGS: Final = 50
"""A rewritten table would otherwise yield a finding a row."""


def verify_rows(key: bytes, rows: Iterable[tuple[Any, ...]], anchor: AnchorContent) -> AuditVerdict:
    """Check rows (sealed columns, then the seal), in order of `seq`, against the key and the anchor.

    The anchor must have been read before the rows, so that a row appended meanwhile is no contradiction.
    """
    findings: list[Finding] = []
    previous = FIRST_SEAL
    expected = 1
    for *values, mac in rows:
        seq = values[0]
        if seq != expected:
            message = f"rows {expected} to {seq - 1} are gone"
            findings.append(Finding(FindingKind.MISSING, expected, message))
        elif not hmac.compare_digest(seal_row(key, previous, tuple(values)).encode(), str(mac).encode()):
            message = f"row {seq} was changed, moved, or written without the key"
            findings.append(Finding(FindingKind.EDITED, seq, message))
        anchored = anchor.seals.get(seq)
        if anchored is not None and anchored != mac:
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
