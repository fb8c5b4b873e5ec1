"""Draw a request for approval in a terminal."""

from __future__ import annotations

from datetime import UTC, datetime

from rich import box
from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from osprey.approval import Card, CardRow
from osprey.approval.decisions import short_hash


def print_card(card: Card, console: Console | None = None) -> None:
    """Draw the card; a pipe gets plain text, `NO_COLOR` is honoured."""
    (console or Console(highlight=False)).print(draw_card(card))


def draw_card(card: Card) -> RenderableType:
    """Put the card's parts together: what changes, what was only rehearsed, the code, the risk, the hash."""
    parts: list[RenderableType] = [_heading(card), _table(card), *_remarks(card)]
    if card.code:
        # Text() keeps what generated code says from being read as markup or terminal codes.
        where = f" in {_printable(card.tier)}" if card.tier else ""
        parts += [Text(f"\nThe code, rehearsed{where}; it never runs with a right to write:", "bold")]
        parts += [Syntax(_printable(card.code), "python", line_numbers=True, word_wrap=True)]
    if len(parts) > 2:
        parts += [Text()]  # after the table itself there is a blank line already
    parts += [_footer(card)]
    title = f"Request {card.id} · {card.state}"
    return Panel(Group(*parts), title=title, box=box.ROUNDED, border_style="cyan" if card.simulated else "red")


def _heading(card: Card) -> Text:
    text = Text()
    if card.question:
        text.append(f"“{_printable(card.question)}”\n", "italic")
    text.append(_printable(card.title), "bold")
    machine = "SIMULATION" if card.simulated else "REAL MACHINE"
    where = f"{_printable(card.facility)}, target {card.target}" if card.facility else f"target {card.target}"
    text.append(f"\n{machine}: {where}", "cyan bold" if card.simulated else "red bold")
    return text


def _table(card: Card) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, expand=True)
    grouped, lined = card.group_count > 1, any(row.line for row in card.rows)
    if grouped:
        table.add_column("group", justify="right")
    table.add_column("channel", overflow="fold")
    for name in ("now", "new", "change"):
        table.add_column(name, justify="right", overflow="fold")
    table.add_column("unit")
    table.add_column("limits")
    if lined:
        table.add_column("line", justify="right")
    for row in card.rows:
        table.add_row(*_cells(row, grouped=grouped, lined=lined))
    return table


def _cells(row: CardRow, *, grouped: bool, lined: bool) -> list[Text]:
    channel = Text(_printable(row.channel))
    if row.description:
        channel.append(f"\n{_printable(row.description)}", "dim")
    new, unit = Text(_printable(row.new), "bold"), Text(_printable(row.unit))
    cells = [channel, Text(_printable(row.now)), new, Text(row.change), unit, Text(row.limits)]
    return [*([Text(str(row.group))] if grouped else []), *cells, *([Text(row.line)] if lined else [])]


def _remarks(card: Card) -> list[Text]:
    remarks: list[Text] = []
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
    remarks += [Text(f"Assumed: {_printable(assumption)}.") for assumption in card.assumptions]
    remarks += [Text(f"Warning: {_printable(warning)}", "yellow") for warning in card.warnings]
    return remarks


def _footer(card: Card) -> Text:
    text = Text(f"Risk: {_printable(card.risk)}.\n")
    text.append(f"Asked by {card.requester}; expires {_utc(card.expires_ns)}; applied once, exactly as shown.\n")
    if card.reason:
        text.append(f"Reason: {_printable(card.reason)}\n")
    text.append("Hash ")
    text.append(short_hash(card.sha256), "bold reverse")
    text.append(card.sha256[len(short_hash(card.sha256)) :], "dim")
    return text


def _utc(time_ns: int) -> str:
    return datetime.fromtimestamp(time_ns / 1e9, tz=UTC).strftime("%Y-%m-%d %H:%M UTC")


def _printable(text: str) -> str:
    """Show control and direction-changing characters as escapes: text must not draw over the card."""
    return "".join(c if c.isprintable() or c == "\n" else f"\\u{ord(c):04x}" for c in text)
