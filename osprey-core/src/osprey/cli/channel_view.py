"""How readings and descriptions of channels stand in a terminal, in a pipe and in JSON."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from osprey.control import Fault, Reading, Severity
from osprey.control.exact import exact
from osprey.control.wire import to_wire
from osprey.control.wording import format_value
from osprey.printable import printable

if TYPE_CHECKING:
    from osprey.cli.channel_names import Named
    from osprey.control import Bounds, ReadResult

COLOURS: Mapping[Severity, str] = {
    Severity.OK: "green",
    Severity.MINOR: "yellow",
    Severity.MAJOR: "red",
    Severity.INVALID: "magenta",
}


def coloured(text: str, colour: str) -> str:
    """Colour a text where colours are wanted; a pipe never gets any."""
    return text if os.environ.get("NO_COLOR") else click.style(text, fg=colour)


def columns(rows: Sequence[Sequence[str]], colours: Sequence[str | None] = ()) -> list[str]:
    """Set rows in columns, as wide as their longest cell; `colours` are those of the rows' fourth cells."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    lines: list[str] = []
    for number, row in enumerate(rows):
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        colour = colours[number] if colours else None
        if colour:
            cells[3] = coloured(cells[3], colour)
        lines.append("  ".join(cells).rstrip())
    return lines


def print_readings(named: Sequence[Named], results: Sequence[ReadResult]) -> None:
    """Print one line a channel: name, value, unit, severity, age; what has no value says why, on stderr."""
    good = [(n, r) for n, r in zip(named, results, strict=True) if isinstance(r, Reading)]
    rows = [(_name(n), value_text(r), printable(r.unit), severity_text(r), age_text(r)) for n, r in good]
    for line in columns(rows, [None if r.severity is Severity.OK else COLOURS[r.severity] for _, r in good]):
        click.echo(line)
    for each, result in zip(named, results, strict=True):
        if isinstance(result, Fault):
            click.echo(f"{_name(each)}: no value: {reason_of(result)}", err=True)


def reason_of(fault: Fault) -> str:
    """Give why there is no value, without the channel's name in front: it stands there already."""
    return f"{printable(fault.message.removeprefix(fault.channel).lstrip(': '))} [{fault.kind}]"


def _name(named: Named) -> str:
    same = named.asked in (named.channel, f"{named.channel}.VAL")
    return printable(named.channel if same or named.record is None else f"{named.channel} ({named.asked})")


def value_text(reading: Reading) -> str:
    """Give the value as people read it, an enumeration with its number."""
    if reading.label is not None:
        return f"{printable(reading.label)} ({reading.value})"
    text = printable(format_value(reading.value))
    return f"{text} -> {format_value(reading.setpoint)}" if reading.setpoint is not None else text


def severity_text(reading: Reading) -> str:
    """Give severity, alarm and whether the value moves, in words."""
    moving = " moving" if reading.is_moving else ""
    return f"{reading.severity.upper()} {printable(reading.alarm)}".rstrip() + moving


def age_s(reading: Reading, now_ns: int | None = None) -> float:
    """Give how old the value is by its source's clock, by ours where the source has none."""
    since = reading.received_ns if reading.source_ns is None else reading.source_ns
    return max(0.0, ((time.time_ns() if now_ns is None else now_ns) - since) / 1e9)


def age_text(reading: Reading, now_ns: int | None = None) -> str:
    """Give the age in the unit that suits it."""
    seconds = age_s(reading, now_ns)
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit} old"
    return f"{seconds:.1f} s old"


def plain_reading(named: Named, result: ReadResult) -> dict[str, Any]:
    """Give a reading as JSON: the value as it is, and in its exact form beside it."""
    head = {"asked": named.asked, "channel": named.channel}
    if isinstance(result, Fault):
        return {**head, "error": result.kind.value, "message": result.message, "retryable": result.retryable}
    return {
        **head,
        "value": to_wire(result.value) if is_json(result.value) else str(result.value),
        "exact": exact(result.value, result.dtype),
        "dtype": result.dtype.value,
        "label": result.label,
        "setpoint": None if result.setpoint is None else exact(result.setpoint, result.dtype),
        "unit": result.unit,
        "severity": result.severity.value,
        "alarm": result.alarm,
        "moving": result.is_moving,
        "time": None if result.source_ns is None else utc(result.source_ns),
        "received": utc(result.received_ns),
        "age_s": round(age_s(result), 3),
    }


def is_json(value: Any) -> bool:
    """False for what JSON has no word for: infinite, or no number."""
    if isinstance(value, float):
        return math.isfinite(value)
    return True if isinstance(value, str | int) else all(map(is_json, value))


def utc(time_ns: int) -> str:
    """Give a time in UTC, to the microsecond."""
    return datetime.fromtimestamp(time_ns / 1e9, tz=UTC).isoformat(timespec="microseconds")


def bounds_text(bounds: Bounds) -> str:
    """Give an interval; an open side is a dash."""
    low, high = ("-" if side is None else format_value(side) for side in (bounds.low, bounds.high))
    return "none" if low == high == "-" else f"{low} .. {high}"


def print_table(rows: Iterable[tuple[str, str]]) -> None:
    """Print named facts, the empty ones left out."""
    for name, fact in rows:
        if fact:
            click.echo(f"  {name:<13} {printable(fact)}")
