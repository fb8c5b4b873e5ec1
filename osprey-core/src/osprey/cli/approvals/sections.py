"""The parts of a request's drawing: sections in their forms, and how it stands with the request."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

from rich.console import RenderableType
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from osprey.approval import SectionForm
from osprey.approval.agreement import told_of_needs
from osprey.approval.decisions import short_hash
from osprey.cli.approvals.listing import time_left, utc
from osprey.journal import DecisionWord, RequestState
from osprey.printable import printable, printable_lines

if TYPE_CHECKING:
    from osprey.approval import CardSection
    from osprey.approval.dossier import Dossier
    from osprey.journal import DecisionRow

_SAID: Final = {
    DecisionWord.APPROVE: "approved",
    DecisionWord.REJECT: "rejected",
    DecisionWord.WITHDRAW: "withdrew it",
    DecisionWord.POSTPONE: "not now",
    DecisionWord.COMMENT: "remarked",
}
_COLOURS: Final = {"+": "green", "-": "red"}
_UNDECIDED: Final = (RequestState.PENDING, RequestState.APPROVED)


def draw_section(section: CardSection) -> list[RenderableType]:
    """Draw a section in its form, under its title."""
    if section.form is SectionForm.CODE:
        return draw_code(f"{printable(section.title)}:", section.text)
    title = Text(f"{printable(section.title)}:", "bold")
    if section.form is SectionForm.DIFFERENCE:
        return [title, draw_difference(section.text.split("\n"))]
    # A drawing that is wider than the terminal is folded: nothing of it may be cut off.
    return [title, Text(printable_lines(section.text), overflow="fold")]


def draw_code(title: str, code: str) -> list[RenderableType]:
    """Draw code with its line numbers."""
    return [Text(title, "bold"), Syntax(printable_lines(code), "python", line_numbers=True, word_wrap=True)]


def draw_difference(lines: Sequence[str]) -> Text:
    """Draw lines that begin with ``+``, ``-`` or a space."""
    text = Text(overflow="fold")
    for number, line in enumerate(lines):
        text.append(("\n" if number else "") + printable(line), _COLOURS.get(line[:1], ""))
    return text


def draw_standing(dossier: Dossier, *, says_how: bool = True) -> RenderableType:
    """Draw how it stands with a request: named lines, of which only those are there that have something to say.

    :param says_how: name the commands that decide; a prompt that asks has its own.
    """
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="bold", no_wrap=True)
    grid.add_column(overflow="fold")
    for name, told in (*_standing(dossier), *(_ways(dossier) if says_how else ())):
        grid.add_row(name, told)
    return grid


def _standing(dossier: Dossier) -> Iterable[tuple[str, Text]]:
    row = dossier.row
    for obstacle in dossier.obstacles:
        yield "OBSTACLE", Text(printable(obstacle), "red")
    yield from _agreement(dossier)
    for number, said in enumerate(dossier.said):
        yield "" if number else "Said", Text(told_of_decision(said))
    if row.state in _UNDECIDED:
        yield "Ends in", Text(f"{time_left(row.expires_ns)}; then it has expired, which is nobody's decision")
    if dossier.movement is not None:
        yield from _movement(dossier.movement.looked_at, dossier.movement.lines)
    if dossier.superseded is not None:
        before = f"request {dossier.superseded.id}, which is {dossier.superseded.state.replace('_', ' ')}"
        yield "In place of", Text(f"{before}{':' if dossier.difference else '; it shows the same'}")
    if dossier.difference:
        yield "", draw_difference(dossier.difference)
    if dossier.successor is not None:
        after = f"request {dossier.successor.id} ({dossier.successor.state.replace('_', ' ')}) goes on from here"
        yield "Followed by", Text(f"{after}: osprey approvals show {dossier.successor.id}", "yellow")


def _agreement(dossier: Dossier) -> Iterable[tuple[str, Text]]:
    needs = dossier.row.needs
    yield "Needs", Text(f"{told_of_needs(needs)} [{', '.join(map(printable, needs.rules))}]")
    is_plain = needs.persons == 1 and not needs.needs_secret and not needs.roles
    if dossier.row.state in _UNDECIDED and not is_plain:
        missing = f"; missing: {printable(dossier.missing)}" if dossier.missing else ""
        yield "Approved by", Text(f"{dossier.votes} of {needs.persons}{missing}")
    if dossier.unmet:
        yield "", Text(f"Nobody can approve this as things are: {printable(dossier.unmet)}", "red")


def told_of_decision(said: DecisionRow) -> str:
    """Say in a line who did what with a request, when, and how it is known who it was."""
    who = printable(said.person) if said.person == said.actor else f"{printable(said.person)} ({printable(said.actor)})"
    text = f": {printable(said.text)}" if said.text else ""
    return f"{utc(said.ns)} {who} {_SAID[said.word]} [{said.method}]{text}"


def _movement(looked_at: int, lines: Sequence[str]) -> Iterable[tuple[str, Text]]:
    if not lines:
        yield "Moved since", Text(f"nothing: {looked_at} channel{'s' if looked_at != 1 else ''} read just now")
    for number, line in enumerate(lines):
        yield "" if number else "Moved since", Text(printable(line), "yellow")


def _ways(dossier: Dossier) -> Iterable[tuple[str, Text]]:
    row, needs = dossier.row, dossier.row.needs
    if row.state is RequestState.APPROVED and row.thread:
        yield "Carry out", Text(f"osprey resume {printable(row.thread)}")
    if row.state is not RequestState.PENDING:
        return
    name = " --as NAME" if needs.needs_secret else ""
    some = " [--only 1,3]" if dossier.is_partial and len(dossier.card.rows) > 1 else ""
    yield "Decide", Text(f"osprey approvals approve {row.id} --hash {short_hash(row.sha256)}{name}{some}")
    others = [f"reject {row.id} --reason WHY", f"postpone {row.id}", f"comment {row.id} TEXT"]
    others += [f"edit {row.id}"] if dossier.is_editable else []
    for other in others:
        yield "", Text(f"osprey approvals {other}")
