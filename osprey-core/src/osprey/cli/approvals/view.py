"""Draw a request for approval in a terminal: what it would do, and what has become of it so far."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from attrs import frozen
from rich import box
from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from osprey.approval.decisions import short_hash
from osprey.cli.approvals.listing import utc
from osprey.cli.approvals.sections import draw_code, draw_section, draw_standing
from osprey.printable import printable, printable_lines

if TYPE_CHECKING:
    from osprey.approval import Card, CardRow
    from osprey.approval.dossier import Dossier

_MEMORY: Final = "memory"


@frozen(kw_only=True)
class _Look:
    """How a card looks: a write on a real machine is never taken for anything else, nor anything else for it."""

    colour: str
    frame: box.Box
    word: str


_REAL: Final = _Look(colour="red", frame=box.ROUNDED, word="REAL MACHINE")
_SIMULATED: Final = _Look(colour="cyan", frame=box.ROUNDED, word="SIMULATION")
_ELSEWHERE: Final = _Look(colour="blue", frame=box.SQUARE, word="NOTHING IS WRITTEN TO A MACHINE")
_REMEMBERED: Final = _Look(colour="magenta", frame=box.DOUBLE, word="NOTHING IS WRITTEN TO A MACHINE")


def print_card(card: Card, console: Console | None = None) -> None:
    """Draw the card; a pipe gets plain text, `NO_COLOR` is honoured."""
    (console or Console(highlight=False)).print(draw_card(card))


def print_dossier(dossier: Dossier, console: Console | None = None, *, says_how: bool = True) -> None:
    """Draw the card and, below it, who has said what, who else has to agree, what has moved, and how to decide."""
    standing = draw_standing(dossier, says_how=says_how)
    (console or Console(highlight=False)).print(draw_card(dossier.card), standing)


def draw_card(card: Card) -> RenderableType:
    """Put the card's parts together: what changes, what was only rehearsed, the code, the risk, the hash."""
    look = _look_of(card)
    parts: list[RenderableType] = [_heading(card, look)]
    if card.rows:
        parts += [_table(card)]
    parts += _remarks(card)
    for section in card.sections:
        parts += [Text(), *draw_section(section)]
    if card.code:
        parts += [Text(), *draw_code(_title_of_code(card), card.code)]
    if len(parts) > 2 or not card.rows:
        parts += [Text()]  # after the table itself there is a blank line already
    parts += [_footer(card)]
    title = Text(f"Request {card.id} · {printable(card.kind)} · {card.state.replace('_', ' ')}")
    return Panel(Group(*parts), title=title, box=look.frame, border_style=look.colour)


def _look_of(card: Card) -> _Look:
    if card.is_on_machine:
        return _SIMULATED if card.simulated else _REAL
    return _REMEMBERED if card.kind.startswith(_MEMORY) else _ELSEWHERE


def _heading(card: Card, look: _Look) -> Text:
    text = Text()
    if card.question:
        text.append(f"“{printable_lines(card.question)}”\n", "italic")
    text.append(printable(card.title), "bold")
    if card.supersedes:
        # The title and the question are still those of the request that was changed.
        text.append(f"\nIn place of {card.supersedes}: what is below counts, whatever the title says", "yellow")
    where = [printable(card.facility)] if card.facility else []
    where += [f"target {printable(card.target)}"] if card.is_on_machine else []
    text.append(f"\n{look.word}{': ' if where else ''}{', '.join(where)}", f"{look.colour} bold")
    return text


def _title_of_code(card: Card) -> str:
    if not card.rows:
        return "The code; whatever it writes is approved separately:"
    where = f" in {printable(card.tier)}" if card.tier else ""
    return f"The code, rehearsed{where}; it never runs with a right to write:"


def _table(card: Card) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, expand=True)
    numbered, grouped, lined = len(card.rows) > 1, card.group_count > 1, any(row.line for row in card.rows)
    for name, is_there in (("#", numbered), ("group", grouped)):
        if is_there:
            table.add_column(name, justify="right")
    table.add_column("channel", overflow="fold")
    for name in ("now", "new", "change"):
        table.add_column(name, justify="right", overflow="fold")
    table.add_column("unit")
    table.add_column("limits")
    if lined:
        table.add_column("line", justify="right")
    for number, row in enumerate(card.rows, start=1):
        head = [*([Text(str(number))] if numbered else []), *([Text(str(row.group))] if grouped else [])]
        table.add_row(*head, *_cells(row), *([Text(row.line)] if lined else []))
    return table


def _cells(row: CardRow) -> list[Text]:
    channel, now = Text(printable(row.channel)), Text(printable(row.now))
    if row.description:
        channel.append(f"\n{printable(row.description)}", "dim")
    if row.alarm:
        now.append(f"\n{printable(row.alarm)} alarm", "yellow")
    new, unit = Text(printable(row.new), "bold"), Text(printable(row.unit))
    return [channel, now, new, Text(row.change), unit, Text(row.limits)]


def _remarks(card: Card) -> list[RenderableType]:
    remarks: list[RenderableType] = []
    if card.group_count > 1:
        remarks.append(Text(f"{card.group_count} groups in order; the first one that is not confirmed stops the rest."))
    if card.observed:
        remarks.append(Text(f"After each group {len(card.observed)} channels are read."))
    if card.only_rehearsed:
        remarks.append(
            Text(
                f"Only rehearsed: {card.only_rehearsed} reads after the first write were answered by a shadow of "
                "the machine. They are read again, for real, after the writes.",
                "yellow",
            )
        )
    remarks += [Text(f"Assumed: {printable(assumption)}.") for assumption in card.assumptions]
    remarks += [Text(f"Warning: {printable(warning)}", "yellow") for warning in card.warnings]
    return remarks


def _footer(card: Card) -> Text:
    done = "applied" if card.is_on_machine else "done"
    text = Text(f"Risk: {printable(card.risk)}.\n")
    text.append(
        f"Asked by {printable(card.requester)}; expires {utc(card.expires_ns)}; {done} once, exactly as shown.\n"
    )
    if card.reason:
        text.append(f"Reason: {printable(card.reason)}\n")
    text.append("Hash ")
    text.append(short_hash(card.sha256), "bold reverse")
    text.append(card.sha256[len(short_hash(card.sha256)) :], "dim")
    return text
