"""How values, times and outcomes are put into words; the same everywhere in an answer."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, cast
from zoneinfo import ZoneInfo

from osprey.control.requests import ApplyReport, ItemReport
from osprey.control.values import ChannelRecord, Fault, Outcome, Reading, ReadResult, Severity, Value

_LONG = 6
"""A waveform of more elements is summarised."""

_SAID = {
    Outcome.CONFIRMED: "set and read back",
    Outcome.MISMATCH: "MISMATCH: sent, but the read-back differs",
    Outcome.UNCONFIRMED: "IN DOUBT: sent, and it may or may not have landed",
    Outcome.FAILED: "not taken by the control system",
    Outcome.REFUSED: "refused",
    Outcome.UNREQUESTED: "not sent",
}


def format_value(value: Value | None, precision: int | None = None) -> str:
    """Write a value as people read it: `precision` decimals if known, else six significant digits."""
    if value is None:
        return "unknown"
    if isinstance(value, bool | str):
        return str(value)
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return f"{value:.{precision}f}" if precision is not None else f"{value:.6g}"
    shown = ", ".join(format_value(element, precision) for element in value[:_LONG])
    return f"[{shown}{', ...' if len(value) > _LONG else ''}] ({len(value)} element{'' if len(value) == 1 else 's'})"


def format_time(time_ns: int | None, zone: str) -> str:
    """Write a time in the facility's zone, with the zone's name."""
    if time_ns is None:
        return "at an unknown time"
    moment = datetime.fromtimestamp(time_ns / 1e9, tz=UTC).astimezone(ZoneInfo(zone))
    return moment.strftime("%Y-%m-%d %H:%M:%S %Z")


def format_reading(result: ReadResult, record: ChannelRecord | None, zone: str) -> str:
    """Write one reading as a line: what it is, value, unit, alarm, time, channel."""
    title = record.description if record and record.description else result.channel
    if isinstance(result, Fault):
        return f"{title}: no value ({result.kind}: {result.message}) [{result.channel}]"
    return f"{title}: {_with_unit(result)}{_alarm(result)} ({format_time(result.source_ns, zone)}) [{result.channel}]"


def _with_unit(reading: Reading) -> str:
    if reading.label is not None:
        return f"{reading.label} ({reading.value})"
    return f"{format_value(reading.value)} {reading.unit}".rstrip()


def _alarm(reading: Reading) -> str:
    if reading.severity is Severity.OK:
        return ""
    return f" {reading.severity.upper()} {reading.alarm}".rstrip()


def format_results(results: Any) -> str:
    """Write the results of a script: a mapping one entry a line, numbers with the unit beside them."""
    if not isinstance(results, Mapping):
        return "" if results is None else str(results)
    lines: list[str] = []
    for key, value in cast("Mapping[str, Any]", results).items():
        lines.append(f"{key.replace('_', ' ')}: {_result(value)}")
    return "\n".join(lines)


def _result(value: Any) -> str:
    if isinstance(value, Mapping):
        entry = cast("Mapping[str, Any]", value)
        if told := _table(entry):
            return told
        if set(entry) == {"value", "unit"}:
            return f"{format_value(entry['value'])} {entry['unit']}".rstrip()
        unit = str(entry.get("unit", ""))
        parts = [(key.replace("_", " "), part) for key, part in entry.items() if key != "unit"]
        return ", ".join(f"{key} {_with_its_unit(part, unit)}" for key, part in parts)
    if isinstance(value, list):
        return _list(cast("list[Any]", value))
    return format_value(value)


def _list(values: list[Any]) -> str:
    """Write a list; of one that holds more than numbers and texts, how much there is."""
    if all(value is None or isinstance(value, bool | int | float | str) for value in values):
        return format_value(values)
    return f"{len(values)} entries" if len(values) != 1 else "1 entry"


def _table(entry: Mapping[str, Any]) -> str:
    """Say what a table or a large array is, as the executor encodes it; empty for others."""
    try:
        match entry.get("__osprey__"):
            case "dataframe":
                names = [str(column["name"]) for column in entry["columns"]]
                return f"table, {_rows(entry['index'])}: {', '.join(names[:_LONG])}{', ...' * (len(names) > _LONG)}"
            case "series":
                return f"column {entry['column']['name']}, {_rows(entry['index'])}"
            case "ndarray":
                return f"array of {' x '.join(map(str, entry['shape']))} values"
            case _:
                return ""
    except (KeyError, TypeError):
        return ""  # it only has the name of one


def _rows(index: Mapping[str, Any]) -> str:
    count = len(range(*index["range"])) if "range" in index else len(index["values"])
    return f"{count} row{'' if count == 1 else 's'}"


def _with_its_unit(value: Any, unit: str) -> str:
    """Put the unit of an entry behind its measured numbers; counts, which are whole, have none."""
    return f"{_result(value)} {unit}".rstrip() if isinstance(value, float) else _result(value)


def format_report(report: ApplyReport) -> str:
    """Write what became of an approved list of writes, one line an item, k of n first."""
    confirmed = sum(item.outcome is Outcome.CONFIRMED for item in report.items)
    lines = [f"{confirmed} of {len(report.items)} writes confirmed (request {report.request_id})."]
    lines += [_item_line(item) for item in report.items]
    if report.rule and report.status != "done":
        lines.append(report.reason)
    if report.restore is not None:
        count = sum(map(len, report.restore.groups))
        lines.append(f"To ask for the {count} old values back: osprey ledger restore {report.request_id}")
    return "\n".join(lines)


def _item_line(item: ItemReport) -> str:
    readback = "" if item.readback is None else f", read back {format_value(item.readback)}"
    told = item.reason.removeprefix(f"{item.name}: ")
    reason = f" ({told})" if told else ""
    before = "" if item.before is None else f"{format_value(item.before)} -> "
    return f"  {item.name}: {before}{format_value(item.value)}{readback}: {_SAID[item.outcome]}{reason}"
