"""What an interrupt carries: the message for a person, and the payload that comes back with the answer."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any

from osprey.approval.decisions import short_hash
from osprey.approval.kinds import card_of
from osprey.approval.seeds.payloads import payload_of
from osprey.printable import printable_lines

if TYPE_CHECKING:
    from osprey.approval.card import Card, CardRow
    from osprey.journal import RequestRow
    from osprey.project import Project


class ApprovalQuestion(dict[str, Any]):
    """A dictionary with `user_message` and `resume_payload`, which may be awaited and then gives itself."""

    def __await__(self) -> Generator[Any, None, ApprovalQuestion]:
        return self
        yield  # what makes it a generator: there is nothing to wait for


def question_about(project: Project, row: RequestRow) -> ApprovalQuestion:
    """Give what an interrupt about a stored request carries."""
    card = card_of(project, row)
    return ApprovalQuestion(user_message=_message(row, card), resume_payload=payload_of(row))


def _message(row: RequestRow, card: Card) -> str:
    parts = [row.title]
    if card.simulated:
        parts.append(f"SIMULATION: target {card.target} reaches no real machine.")
    parts += [_write(write) for write in card.rows]
    parts += [f"{section.title}\n{section.text}" for section in card.sections]
    if card.code:
        parts.append(card.code)
    parts += [f"Note: {warning}" for warning in card.warnings]
    parts.append(f"Risk: {row.risk}")
    shown, short = f"osprey approvals show {row.id}", short_hash(row.sha256)
    parts.append(
        f"Request {row.id} waits for a person, and no text in answer to this decides it.\n"
        f"  look at it:  {shown}\n"
        f"  approve it:  osprey approvals approve {row.id} --hash {short}\n"
        f"  reject it:   osprey approvals reject {row.id} --reason ..."
    )
    # Nothing in a request can draw over what is shown of it.
    return "\n\n".join(printable_lines(part) for part in parts)


def _write(write: CardRow) -> str:
    limits = f"  (limits {write.limits})" if write.limits else ""
    return f"{write.channel}: {write.now} -> {write.new} {write.unit}{limits}"
