"""What a person sees before deciding: made from the hashed document, so that what is shown is what is approved.

Values are written in the shortest form that reads back to the same number; two different numbers never
look alike. What is not hashed (descriptions, the code's text, limits) stands beside them and is checked where
it can be: code whose hash is not the document's is not shown as that code.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from attrs import frozen

from osprey.control.payload import ApprovedItem, read_document

if TYPE_CHECKING:
    from osprey.control import Value
    from osprey.journal import RequestRow


@frozen(kw_only=True)
class CardRow:
    """One write, as texts."""

    group: int
    channel: str
    description: str
    now: str
    new: str
    change: str
    unit: str
    limits: str
    line: str


@frozen(kw_only=True)
class Card:
    """A request for approval, ready to be drawn."""

    id: str
    title: str
    question: str
    state: str
    facility: str
    target: str
    simulated: bool
    rows: tuple[CardRow, ...]
    group_count: int
    observed: tuple[str, ...]
    """Channels that are read after each group."""
    only_rehearsed: int
    """How many reads of the code were answered by the shadow, not by the machine."""
    code: str
    tier: str
    """How the rehearsal was isolated."""
    assumptions: tuple[str, ...]
    """What was taken for granted, such as a converted unit."""
    warnings: tuple[str, ...]
    """What stands in the way now, or could not be read in the rehearsal."""
    risk: str
    requester: str
    sha256: str
    created_ns: int
    expires_ns: int
    reason: str


def card_of(row: RequestRow) -> Card:
    """Make the card of a stored request.

    :raises RefusedError: the document is not understood; then there is nothing that could be approved.
    """
    writes = read_document(row.document)
    document: Mapping[str, Any] = json.loads(row.document)
    shown = row.presentation
    items = [(number, item) for number, group in enumerate(writes.groups, start=1) for item in group]
    details: Sequence[Mapping[str, Any]] = shown.get("items", ())
    if len(details) != len(items):
        no_details: Mapping[str, Any] = {}
        details = [no_details] * len(items)
    return Card(
        id=row.id,
        title=row.title,
        question=str(shown.get("question", "")),
        state=row.state.value,
        facility=str(shown.get("facility", "")),
        target=writes.target,
        simulated=writes.simulated,
        rows=tuple(_row(*item, detail) for item, detail in zip(items, details, strict=True)),
        group_count=len(writes.groups),
        observed=writes.observe,
        only_rehearsed=int(document.get("rehearsed_reads", 0)),
        code=_code(document, shown),
        tier=str(shown.get("tier", "")),
        assumptions=tuple(str(assumption) for assumption in shown.get("assumptions", ())),
        warnings=tuple(str(warning) for warning in (*shown.get("standing", ()), *shown.get("warnings", ()))),
        risk=row.risk,
        requester=row.requester,
        sha256=row.sha256,
        created_ns=row.created_ns,
        expires_ns=row.expires_ns,
        reason=row.reason,
    )


def _row(group: int, item: ApprovedItem, detail: Mapping[str, Any]) -> CardRow:
    return CardRow(
        group=group,
        channel=item.channel,
        description=str(detail.get("description", "")),
        now=_exactly(item.before),
        new=f"{_exactly(item.value)} ({item.label})" if item.label else _exactly(item.value),
        change=_change(item),
        unit=item.unit,
        limits=_limits(detail.get("low"), detail.get("high")),
        line="" if item.line is None else str(item.line),
    )


def _exactly(value: Value | None) -> str:
    if value is None:
        return "(a command)"
    if isinstance(value, str):
        return repr(value)
    if isinstance(value, bool | int | float):
        return repr(value)
    return "[" + ", ".join(repr(element) for element in value) + "]"


def _change(item: ApprovedItem) -> str:
    if isinstance(item.value, bool | str) or isinstance(item.before, bool | str):
        return "" if item.value == item.before else "changes"
    if isinstance(item.value, int | float) and isinstance(item.before, int | float):
        return f"{item.value - item.before:+.6g}"
    return ""


def _limits(low: float | None, high: float | None) -> str:
    if low is None and high is None:
        return "none"
    return f"{'' if low is None else f'{low:g}'} .. {'' if high is None else f'{high:g}'}".strip()


def _code(document: Mapping[str, Any], shown: Mapping[str, Any]) -> str:
    code = shown.get("code")
    if not isinstance(code, str):
        return ""
    if hashlib.sha256(code.encode()).hexdigest() != document.get("code_sha256"):
        return "# The code kept beside this request is not the code that was rehearsed; it is not shown.\n"
    return code
