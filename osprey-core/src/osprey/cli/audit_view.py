"""The audit for people, and as the JSON that scripts read."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from osprey.printable import printable

if TYPE_CHECKING:
    from osprey.journal import AuditRow, AuditVerdict, Finding
    from osprey.journal.audit.copy_check import CopyVerdict
    from osprey.journal.audit.protection import Protection
    from osprey.journal.audit.records import RequestTrail, SealedRow


def line_of(row: AuditRow) -> str:
    """Give a row in one line: the rule, the state or the reason says what it was about."""
    return printable(
        f"{row.seq:>6}  {utc(row.ns)}  {row.actor:<16}  {row.event:<20}  {row.subject}  {_told(row)}"
    ).rstrip()


def _told(row: AuditRow) -> str:
    """Say what a row is about: the keys of a change, the rule of a refusal, a state, or a reason."""
    detail: Any = row.detail
    if row.event == "config.changed":
        return ", ".join(str(change["key"]) for change in detail["keys"])
    told = detail.get("rule") or detail.get("state") or detail.get("reason") or detail.get("target") or ""
    return f"{told} (at {detail['spooled'].get('time', '?')}, late)" if "spooled" in detail else str(told)


def sealed_row_text(row: SealedRow) -> str:
    """Lay out one row in full."""
    about = row.row
    lines = [
        ("row", str(about.seq)),
        ("time", _exact(about.ns)),
        ("actor", about.actor),
        ("terminal", about.terminal or "-"),
        ("host", about.host or "-"),
        ("event", about.event),
        ("subject", about.subject or "-"),
        *(("" if index else "detail", line) for index, line in enumerate(_detail_lines(about))),
        ("seal", f"{row.seal} ({'genuine' if row.is_genuine else 'NOT GENUINE: run `osprey audit verify`'})"),
    ]
    return "\n".join(f"{name:<9} {printable(text)}" for name, text in lines)


def _detail_lines(row: AuditRow) -> list[str]:
    return json.dumps(dict(row.detail), indent=2, ensure_ascii=False).splitlines()


def trail_text(request_id: str, trail: RequestTrail) -> str:
    """Lay out everything about one request."""
    return "\n".join(printable(line) for line in _trail_lines(request_id, trail))


def _trail_lines(request_id: str, trail: RequestTrail) -> Iterator[str]:
    request = trail.request
    if request is None:
        yield f"{request_id} is not among the requests; the audit tells of it all the same:"
    else:
        yield f"{request.id}  {request.kind}  {request.state.replace('_', ' ')}: {request.title}"
        yield f"asked for by {request.requester} at {utc(request.created_ns)}, hash {request.sha256}"
    for row in trail.rows:
        yield line_of(row)
        yield from (f"          {name}: {text}" for name, text in _worth_telling(row))
    if trail.decisions:
        from osprey.cli.approvals.sections import told_of_decision

        yield "What people said of it, as it is sealed:"
        yield from (f"        {told_of_decision(said)}" for said in trail.decisions)


def _worth_telling(row: AuditRow) -> Iterator[tuple[str, str]]:
    told = _told(row)
    for name in ("reason", "people", "of", "owner", "receipts", "status"):
        value = row.detail.get(name)
        if value not in (None, "", [], told):
            yield name, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def verdict_text(verdict: AuditVerdict, protections: Sequence[Protection]) -> str:
    """Lay out what a check found, and what such a check finds at all."""
    word = "intact" if verdict.is_intact else "NOT INTACT"
    return "\n".join(
        [
            *map(_finding_line, verdict.findings),
            f"The audit is {word}: {verdict.rows} rows, {verdict.anchored} of them anchored.",
            "What such a check finds, as this project is set up:",
            *(f"  {'yes' if one.is_found else 'NO ':<3}  {one.tampering}: {one.how}" for one in protections),
        ]
    )


def copy_verdict_text(verdict: CopyVerdict) -> str:
    """Lay out what the check of a copy found."""
    span = f"rows {verdict.first} to {verdict.first + verdict.rows - 1}" if verdict.rows else "no rows"
    word = "genuine, and the audit says the same" if verdict.is_intact else "NOT what the audit says"
    return "\n".join(
        [*map(_finding_line, verdict.findings), f"The copy of {verdict.written or 'unknown date'}, {span}, is {word}."]
    )


def _finding_line(finding: Finding) -> str:
    return printable(f"{finding.kind.replace('_', ' ')}: {finding.message}")


def plain_verdict(verdict: AuditVerdict, protections: Sequence[Protection]) -> dict[str, Any]:
    """Give a check as JSON."""
    return {
        "intact": verdict.is_intact,
        "rows": verdict.rows,
        "anchored": verdict.anchored,
        "findings": [_plain_finding(finding) for finding in verdict.findings],
        "note": verdict.note,
        "finds": [{"tampering": one.tampering, "found": one.is_found, "how": one.how} for one in protections],
    }


def plain_copy_verdict(verdict: CopyVerdict) -> dict[str, Any]:
    """Give the check of a copy as JSON."""
    return {
        "intact": verdict.is_intact,
        "written": verdict.written,
        "first": verdict.first,
        "rows": verdict.rows,
        "findings": [_plain_finding(finding) for finding in verdict.findings],
    }


def _plain_finding(finding: Finding) -> dict[str, Any]:
    return {"kind": finding.kind.value, "row": finding.seq, "message": finding.message}


def plain_audit_row(row: AuditRow) -> dict[str, Any]:
    """Give a row as JSON."""
    return {
        "row": row.seq,
        "time": utc(row.ns),
        "actor": row.actor,
        "terminal": row.terminal,
        "host": row.host,
        "event": row.event,
        "subject": row.subject,
        "detail": dict(row.detail),
    }


def plain_sealed_row(row: SealedRow) -> dict[str, Any]:
    """Give a row in full as JSON."""
    return {
        **plain_audit_row(row.row),
        "time": _exact(row.row.ns),
        "ns": row.row.ns,
        "seal": row.seal,
        "genuine": row.is_genuine,
    }


def plain_trail(request_id: str, trail: RequestTrail) -> dict[str, Any]:
    """Give everything about one request as JSON."""
    from osprey.cli.approvals.commands import plain_decision

    request = trail.request
    return {
        "id": request_id,
        "state": None if request is None else request.state.value,
        "title": None if request is None else request.title,
        "hash": None if request is None else request.sha256,
        "rows": [plain_audit_row(row) for row in trail.rows],
        "decisions": [plain_decision(said) for said in trail.decisions],
    }


def utc(time_ns: int) -> str:
    """Give a time to the second."""
    return datetime.fromtimestamp(time_ns / 1e9, tz=UTC).isoformat(timespec="seconds")


def _exact(time_ns: int) -> str:
    return datetime.fromtimestamp(time_ns / 1e9, tz=UTC).isoformat(timespec="milliseconds")
