"""How past values stand in a terminal, in a pipe, as CSV and in JSON."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from datetime import UTC, datetime, tzinfo
from typing import Any

import click

from osprey.cli.channel_view import COLOURS, coloured, reason_of
from osprey.control import SEVERITIES, ArchivedSample, ArchiveInfo, ArchiveSeries, Fault, Severity
from osprey.control.archive.columns import columns_of, plain_list
from osprey.control.wording import format_value
from osprey.printable import printable


def plain_series(series: ArchiveSeries, *, simulated: bool) -> dict[str, Any]:
    """Give a series as JSON: int64 nanoseconds, null for what is no number, severities as words."""
    return {
        "channel": series.channel,
        "unit": series.unit,
        "simulated": simulated,
        "times_ns": plain_list(series.times_ns),
        "values": [_number(value) for value in plain_list(series.values)],
        "severities": [SEVERITIES[number].value for number in plain_list(series.severities)],
        "labels": list(series.labels),
        "before": _plain_before(series.before),
        "reduced": series.is_reduced,
        "reduction": series.reduction,
        "coverage": series.coverage,
        "fault": _plain_fault(series.fault),
    }


def _plain_before(before: ArchivedSample | None) -> dict[str, Any] | None:
    if before is None:
        return None
    severity = SEVERITIES[before.severity].value
    return {"time_ns": before.time_ns, "value": _number(before.value), "severity": severity}


def plain_info(info: ArchiveInfo | Fault, *, simulated: bool) -> dict[str, Any]:
    """Give what the archive says of a channel as JSON."""
    if isinstance(info, Fault):
        return {"channel": info.channel, "simulated": simulated, "fault": _plain_fault(info)}
    return {
        "channel": info.channel,
        "simulated": simulated,
        "archived": info.is_archived,
        "first_ns": info.first_ns,
        "last_ns": info.last_ns,
        "period_s": info.period_s,
        "unit": info.unit,
        "description": info.description,
        "status": info.status,
        "fault": None,
    }


def _plain_fault(fault: Fault | None) -> dict[str, Any] | None:
    return None if fault is None else {"kind": fault.kind.value, "message": fault.message}


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None


def as_csv(many: Sequence[ArchiveSeries], zone: tzinfo) -> str:
    """Give all samples as one table; a value that is no number is an empty cell."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["channel", "time_ns", "time", "value", "label", "unit", "severity"])
    for series in many:
        for time_ns, value, severity in _rows(series):
            label = _label(series, value)
            cells = [series.channel, time_ns, local_text(time_ns, zone), _number(value), label, series.unit]
            table.writerow([*cells, SEVERITIES[severity].value])
    return text.getvalue()


def print_series(series: ArchiveSeries, zone: tzinfo) -> None:
    """Print one line a sample; alarms are words."""
    click.echo(heading(series))
    for time_ns, value, severity in _rows(series):
        word = SEVERITIES[severity]
        alarm = "" if word is Severity.OK else "  " + coloured(word.upper(), COLOURS[word])
        shown = printable(_label(series, value)) or f"{format_value(value)} {printable(series.unit)}".rstrip()
        click.echo(f"  {local_text(time_ns, zone)}  {shown}{alarm}")


def heading(series: ArchiveSeries) -> str:
    """Give the line above a series: what it is, and how it came about."""
    columns = columns_of(series)
    facts = [f"{len(columns.values)} sample{'' if len(columns.values) == 1 else 's'}"]
    if series.unit:
        facts.insert(0, printable(series.unit))
    if series.is_reduced:
        facts.append(series.reduction or "reduced by the archive")
    if columns.invalid:
        facts.append(f"{columns.invalid} marked invalid")
    return f"{printable(series.channel)}  ({', '.join(facts)})"


def tell_gaps(series: ArchiveSeries, zone: tzinfo) -> None:
    """Say on stderr why a series is missing, or what it does not cover."""
    name = printable(series.channel)
    if series.fault is not None:
        click.echo(f"{name}: no past values: {reason_of(series.fault)}", err=True)
        return
    if series.coverage:
        click.echo(f"{name}: {printable(series.coverage)}", err=True)
    if not len(series.values) and series.before is not None:
        before = series.before
        shown = printable(_label(series, before.value)) or f"{format_value(before.value)} {series.unit}".rstrip()
        click.echo(f"{name}: it was {shown} since {local_text(before.time_ns, zone)}", err=True)


def print_info(info: ArchiveInfo | Fault, zone: tzinfo) -> None:
    """Print what the archive says of a channel; what it does not tell is left out."""
    name = printable(info.channel)
    if isinstance(info, Fault):
        click.echo(f"{name}: {reason_of(info)}", err=True)
        return
    facts = [
        ("archived", "yes" if info.is_archived else "no"),
        ("status", printable(info.status)),
        ("description", printable(info.description)),
        ("unit", printable(info.unit)),
        ("period", "" if info.period_s is None else f"{info.period_s:g} s"),
        ("first sample", "" if info.first_ns is None else local_text(info.first_ns, zone)),
        ("last sample", "" if info.last_ns is None else local_text(info.last_ns, zone)),
    ]
    click.echo(name)
    for key, text in facts:
        if text:
            click.echo(f"  {key:<13} {text}")


def local_text(time_ns: int, zone: tzinfo) -> str:
    """Write a time with all of its digits in `zone`, as ISO 8601 does."""
    seconds, nanos = divmod(time_ns, 10**9)
    moment = datetime.fromtimestamp(seconds, tz=UTC).astimezone(zone)
    offset = moment.isoformat(timespec="seconds")[19:]
    fraction = f"{nanos:09d}".rstrip("0")
    return f"{moment:%Y-%m-%dT%H:%M:%S}{'.' if fraction else ''}{fraction}{offset}"


def _rows(series: ArchiveSeries) -> list[tuple[int, float, int]]:
    columns = (plain_list(series.times_ns), plain_list(series.values), plain_list(series.severities))
    return list(zip(*columns, strict=True))


def _label(series: ArchiveSeries, value: float) -> str:
    is_known = value.is_integer() and 0 <= value < len(series.labels)
    return series.labels[int(value)] if is_known else ""
