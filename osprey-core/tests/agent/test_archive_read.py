"""What an answer says of past values: figures of what is valid, and how much was left out."""

from __future__ import annotations

import json

import numpy as np
import pytest

from osprey.agent.capabilities.archive_read import _archived, _summary
from osprey.base.contexts import ArchiverData, plain_context
from osprey.control import ArchivedSample, ArchiveSeries, ArchiveSpan, ErrorKind, Fault

S = 10**9
T = 1_795_172_400 * S
SPAN = ArchiveSpan(start_ns=T, end_ns=T + 60 * S)
WHEN = "2026-11-20 11:00:00 UTC to 2026-11-20 11:01:00 UTC"


def _series(**changes: object) -> ArchiveSeries:
    facts: dict[str, object] = {
        "channel": "A",
        "unit": "mA",
        "times_ns": np.array([T, T + S, T + 2 * S]),
        "values": np.array([1.0, 9e9, 3.0]),
        "severities": np.array([0, 3, 1], dtype=np.int8),
    }
    return ArchiveSeries(**{**facts, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("series", "told"),
    [
        (_series(), f"A, {WHEN}: mean 2 mA, from 1 to 3 mA, 2 samples. 1 sample is marked invalid and left out"),
        (
            _series(is_reduced=True, reduction="mean of 5 s", coverage="no more", severities=[0, 0, 0]),
            f"A, {WHEN}: mean 3e+09 mA, from 1 to 9e+09 mA, 3 samples, reduced by the archive (mean of 5 s). no more",
        ),
        (_series(severities=[3, 3, 3]), f"A, {WHEN}: no valid samples. 3 samples are marked invalid and left out"),
        (
            _series(times_ns=[], values=[], severities=[], before=ArchivedSample(time_ns=T - 60 * S, value=2.5)),
            f"A, {WHEN}: no samples. it was 2.5 mA since 2026-11-20 10:59:00 UTC",
        ),
        (
            _series(values=[0.0, 1.0, 1.0], severities=[0, 0, 0], labels=("closed", "open"), unit=""),
            f"A, {WHEN}: last open, 3 samples",
        ),
        (ArchiveSeries(channel="A", fault=Fault(channel="A", kind=ErrorKind.TIMEOUT, message="late")), "A: late"),
    ],
)
def test_a_summary_is_of_what_is_valid(series: ArchiveSeries, told: str) -> None:
    assert _summary(series, SPAN, "UTC") == told


def test_a_later_step_gets_gaps_that_json_can_hold() -> None:
    plain = plain_context(ArchiverData(series=(_archived(_series()),)))["series"][0]
    assert json.loads(json.dumps(plain, allow_nan=False))["v"] == [1.0, None, 3.0]
    assert plain["invalid"] == 1
