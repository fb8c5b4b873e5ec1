"""Answers show figures with units, times with their zone, and every outcome by its own word."""

from __future__ import annotations

import pytest

from osprey.control import (
    ApplyReport,
    ChannelRecord,
    DType,
    ErrorKind,
    Fault,
    ItemReport,
    Outcome,
    Reading,
    Severity,
)
from osprey.control.wording import format_reading, format_report, format_results, format_time, format_value

NOON_NS = 1_795_262_400_000_000_000


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0.1 + 0.2, "0.3"),
        (401.23456789, "401.235"),
        (7, "7"),
        (True, "True"),
        ("open", "open"),
        (None, "unknown"),
        ([1.0] * 8, "[1, 1, 1, 1, 1, 1, ...] (8 elements)"),
    ],
)
def test_values_are_written_as_people_read_them(value: object, said: str) -> None:
    assert format_value(value) == said  # pyright: ignore[reportArgumentType]


def test_a_time_names_its_zone() -> None:
    assert format_time(NOON_NS, "UTC") == "2026-11-21 12:00:00 UTC"
    assert format_time(NOON_NS, "Europe/Berlin") == "2026-11-21 13:00:00 CET"
    assert format_time(None, "UTC") == "at an unknown time"


def test_a_reading_shows_unit_alarm_time_and_channel() -> None:
    reading = Reading(
        channel="SR:I", value=401.5, dtype=DType.FLOAT, unit="mA", severity=Severity.MAJOR, alarm="HIHI",
        source_ns=NOON_NS, received_ns=NOON_NS,
    )  # fmt: skip
    record = ChannelRecord(name="SR:I", description="Beam current")
    said = format_reading(reading, record, "UTC")
    assert said == "Beam current: 401.5 mA MAJOR HIHI (2026-11-21 12:00:00 UTC) [SR:I]"


def test_a_channel_without_a_value_says_why() -> None:
    fault = Fault(channel="SR:X", kind=ErrorKind.TIMEOUT, message="no answer within 5 s")
    assert "no value (timeout: no answer within 5 s)" in format_reading(fault, None, "UTC")


def test_an_enumeration_shows_its_label() -> None:
    reading = Reading(channel="V", value=1, dtype=DType.ENUM, label="Open", source_ns=None, received_ns=NOON_NS)
    assert "Open (1)" in format_reading(reading, None, "UTC")


@pytest.mark.parametrize("outcome", list(Outcome))
def test_every_outcome_has_its_word_and_only_one_is_good(outcome: Outcome) -> None:
    item = ItemReport(name="A", group=0, index=0, value=1.0, before=0.5, outcome=outcome, readback=0.9)
    said = format_report(ApplyReport(request_id="r", status="x", items=(item,)))
    good = outcome is Outcome.CONFIRMED
    assert ("1 of 1 writes confirmed" in said) is good
    assert ("set and read back" in said) is good


def test_results_are_written_with_their_units() -> None:
    results = {"mean": {"value": 401.5, "unit": "mA"}, "number_of_samples": 600, "note": "reduced"}
    assert format_results(results) == "mean: 401.5 mA\nnumber of samples: 600\nnote: reduced"
    assert format_results(None) == ""


def test_a_table_and_what_only_looks_like_one_are_said() -> None:
    column = {"name": "orbit", "dtype": "float64", "values": [1.0, 2.0]}
    frame = {"__osprey__": "dataframe", "columns": [column], "index": {"name": None, "range": [0, 2, 1]}}
    series = {"__osprey__": "series", "column": column, "index": {"name": None, "values": [3]}}
    array = {"__osprey__": "ndarray", "file": "arrays/array_01.npy", "dtype": "<f8", "shape": [2, 3]}
    forged = {"__osprey__": "dataframe", "columns": 3}
    said = format_results({"f": frame, "s": series, "a": array, "x": forged, "many": [{"a": 1}, {"a": 2}]})
    assert said.splitlines() == [
        "f: table, 2 rows: orbit",
        "s: column orbit, 1 row",
        "a: array of 2 x 3 values",
        "x:   osprey   dataframe, columns 3",
        "many: 2 entries",
    ]
