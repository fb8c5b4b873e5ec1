"""What a person sees before deciding: made from the hashed document, so that what is shown is what is approved.

Values are written in the shortest form that reads back to the same number; two different numbers never
look alike. What is not hashed (descriptions, the code's text, limits) stands beside them and is checked where
it can be: code whose hash is not the document's is not shown as that code.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from attrs import frozen

from osprey.control.payload import ApprovedItem, read_document

if TYPE_CHECKING:
    from osprey.control import Value
    from osprey.journal import Needs, RequestRow


class SectionForm(StrEnum):
    """How a section of a card is drawn."""

    TEXT = "text"
    CODE = "code"
    FLOW = "flow"
    """Lines that are a drawing already: kept as they stand."""
    DIFFERENCE = "difference"
    """Lines that begin with ``+``, ``-`` or a space."""


@frozen(kw_only=True)
class CardSection:
    """A part of a request, as text that is shown exactly: control characters in it are drawn as escapes."""

    title: str
    text: str
    form: SectionForm = SectionForm.TEXT


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
    alarm: str = ""
    """The channel's alarm severity when the request was filed, if it had one."""


@frozen(kw_only=True)
class Card:
    """A request for approval, ready to be drawn."""

    id: str
    kind: str
    title: str
    question: str
    state: str
    facility: str
    target: str
    """Empty for what is about no control system."""
    simulated: bool
    rows: tuple[CardRow, ...] = ()
    group_count: int = 0
    observed: tuple[str, ...] = ()
    """Channels that are read after each group."""
    only_rehearsed: int = 0
    """How many reads of the code were answered by the shadow, not by the machine."""
    code: str = ""
    tier: str = ""
    """How the rehearsal was isolated."""
    sections: tuple[CardSection, ...] = ()
    """What a kind of request shows beyond writes and code."""
    assumptions: tuple[str, ...] = ()
    """What was taken for granted, such as a converted unit."""
    warnings: tuple[str, ...] = ()
    """What stands in the way now, or could not be read in the rehearsal."""
    risk: str
    requester: str
    needs: Needs
    authors: tuple[str, ...]
    supersedes: str | None
    sha256: str
    created_ns: int
    expires_ns: int
    reason: str

    @property
    def is_on_machine(self) -> bool:
        """Say whether it is about a control system at all."""
        return bool(self.target)


def base_card(row: RequestRow, **more: Any) -> Card:
    """Make the card of a stored request with what every kind shows; `more` is the kind's own."""
    shown = row.presentation
    filled: dict[str, Any] = {"target": str(shown.get("target", "")), "simulated": bool(shown.get("simulated")), **more}
    return Card(
        id=row.id,
        kind=row.kind,
        title=row.title,
        question=str(shown.get("question", "")),
        state=row.state.value,
        facility=str(shown.get("facility", "")),
        assumptions=tuple(str(assumption) for assumption in shown.get("assumptions", ())),
        warnings=tuple(str(warning) for warning in (*shown.get("standing", ()), *shown.get("warnings", ()))),
        risk=row.risk,
        requester=row.requester,
        needs=row.needs,
        authors=row.authors,
        supersedes=row.supersedes,
        sha256=row.sha256,
        created_ns=row.created_ns,
        expires_ns=row.expires_ns,
        reason=row.reason,
        **filled,
    )


def card_of_writes(row: RequestRow) -> Card:
    """Make the card of a request that carries a list of writes.

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
    return base_card(
        row,
        target=writes.target,
        simulated=writes.simulated,
        rows=tuple(_row(*item, detail) for item, detail in zip(items, details, strict=True)),
        group_count=len(writes.groups),
        observed=writes.observe,
        only_rehearsed=int(document.get("rehearsed_reads", 0)),
        code=code_of(document, shown),
        tier=str(shown.get("tier", "")),
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
        alarm=str(detail.get("severity", "")),
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


def code_of(document: Mapping[str, Any], shown: Mapping[str, Any]) -> str:
    """Give the code that is kept beside a document, if it is the code whose hash the document holds."""
    code = shown.get("code")
    if not isinstance(code, str):
        return ""
    if hashlib.sha256(code.encode()).hexdigest() != document.get("code_sha256"):
        return "# The code kept beside this request is not the code that was rehearsed; it is not shown.\n"
    return code
