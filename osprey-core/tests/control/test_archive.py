"""Past values as the core sees them: columns with gaps, what an answer covers, the table of pandas."""

from __future__ import annotations

import math
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from osprey.control.archive import columns_of, describe_coverage, to_frame
from osprey.control.archive.series import SEVERITIES, ArchiveSeries, ArchiveSpan
from osprey.control.values import ErrorKind, Fault, Severity
from osprey.errors import UsageError

S = 10**9
T = 1_795_172_400 * S  # 2026-11-20 11:00:00 UTC
SPAN = ArchiveSpan(start_ns=T, end_ns=T + 3600 * S)


def _series(**columns: object) -> ArchiveSeries:
    return ArchiveSeries(channel="A", times_ns=[T, T + 1, T + 2], values=[1.0, 2.0, 3.0], **columns)  # type: ignore[arg-type]


def test_severities_are_numbers_in_the_order_of_their_words() -> None:
    assert [SEVERITIES.index(severity) for severity in Severity] == [0, 1, 2, 3]


def test_the_core_needs_no_numpy_for_it() -> None:
    code = "import sys, osprey.control.archive, osprey.control as c; c.to_frame; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("make", [list, tuple, np.array])
def test_an_invalid_sample_is_a_gap_and_counted(make: type) -> None:
    series = ArchiveSeries(
        channel="A", times_ns=make([1, 2, 3]), values=make([1.0, 9e9, 3.0]), severities=make([0, 3, 2])
    )
    columns = columns_of(series)
    assert columns.times_ns == [1, 2, 3]
    assert (columns.values[0], columns.values[2], columns.invalid) == (1.0, 3.0, 1)
    assert math.isnan(columns.values[1])
    assert columns.numbers == [1.0, 3.0]
    assert list(series.values) == [1.0, 9e9, 3.0]


def test_series_of_arrays_compare_and_hash() -> None:
    first, second = (
        ArchiveSeries(channel="A", times_ns=np.arange(3), values=np.ones(3), severities=np.zeros(3, dtype=np.int8))
        for _ in range(2)
    )
    assert first == second
    assert hash(first) == hash(second)
    assert first != ArchiveSeries(channel="A", times_ns=np.arange(3), values=np.zeros(3), severities=first.severities)


@pytest.mark.parametrize(
    ("facts", "told"),
    [
        ({"first_ns": T, "last_ns": T + 3599 * S, "step_ns": S}, ""),
        ({"first_ns": None, "last_ns": None}, "no samples in this span"),
        (
            {"first_ns": None, "last_ns": None, "held_ns": T - 60 * S},
            "no samples in this span; the last one before it is of 2026-11-20 10:59:00 UTC",
        ),
        (
            {"first_ns": T + 600 * S, "last_ns": T + 700 * S, "begins": True},
            "no samples before 2026-11-20 11:10:00 UTC",
        ),
        ({"first_ns": T + 600 * S, "last_ns": T + 3599 * S}, ""),
        ({"first_ns": T + 1, "last_ns": T + 1800 * S, "step_ns": S}, "no samples after 2026-11-20 11:30:00 UTC"),
        (
            {"first_ns": T, "last_ns": T + 1800 * S, "paused": "Paused"},
            "no samples after 2026-11-20 11:30:00 UTC; the archive says: Paused",
        ),
        (
            {"first_ns": T, "last_ns": T + 1800 * S, "step_ns": S, "now_ns": T + 1801 * S},
            "nothing after 2026-11-20 11:30:01 UTC yet",
        ),
    ],
)
def test_what_an_answer_does_not_cover_is_told(facts: dict[str, object], told: str) -> None:
    assert describe_coverage(SPAN, **{"now_ns": T + 7200 * S, **facts}) == told  # type: ignore[arg-type]


def test_a_table_has_an_index_in_utc_to_the_nanosecond() -> None:
    frame = to_frame(_series(severities=[0, 1, 3]))
    assert str(frame.index.dtype) == "datetime64[ns, UTC]"
    assert frame.index.asi8.tolist() == [T, T + 1, T + 2]
    assert list(frame.columns) == ["value", "severity"]
    assert frame["value"].mean() == 1.5
    assert frame["severity"].tolist() == [0, 1, 3]


def test_a_table_of_several_joins_their_times_and_fills_nothing_in() -> None:
    late = ArchiveSeries(channel="B", times_ns=[T + 2, T + 2, T + 5], values=[7.0, 8.0, 9.0], severities=[0, 0, 0])
    frame = to_frame([_series(severities=[0, 0, 0]), late])
    assert frame.index.asi8.tolist() == [T, T + 1, T + 2, T + 5]
    assert frame["B"].isna().tolist() == [True, True, False, False]
    assert frame["B"].tolist()[2:] == [8.0, 9.0]
    assert to_frame([]).empty


@given(st.lists(st.tuples(st.integers(0, 2**62), st.floats()), unique_by=lambda row: row[0]))
def test_no_nanosecond_is_lost_on_the_way_into_a_table(rows: list[tuple[int, float]]) -> None:
    rows.sort()
    times, values = [row[0] for row in rows], [row[1] for row in rows]
    frame = to_frame(ArchiveSeries(channel="A", times_ns=times, values=values, severities=[0] * len(rows)))
    assert frame.index.asi8.tolist() == times
    assert np.array_equal(frame["value"].to_numpy(), np.array(values, dtype=float), equal_nan=True)


def test_a_series_with_a_fault_is_no_table() -> None:
    fault = Fault(channel="A", kind=ErrorKind.NOT_FOUND, message="it is not archived")
    with pytest.raises(UsageError, match="A: it is not archived"):
        to_frame(ArchiveSeries(channel="A", fault=fault))


def test_without_pandas_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(UsageError, match=r"pip install 'osprey-core\[pandas\]'"):
        to_frame(_series(severities=[0, 0, 0]))
