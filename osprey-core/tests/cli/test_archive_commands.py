"""`osprey archive`: spans in the facility's time zone, tables, drawings, and what is not there."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from osprey.cli import archive_commands
from osprey.cli.archive_chart import draw
from osprey.cli.archive_times import span_of
from osprey.cli.root import osprey
from osprey.control import ArchivedSample, ArchiveInfo, ArchiveSeries, ArchiveSpan, ErrorKind, Fault
from osprey.errors import ConfigError, UsageError

CONFIG = """
facility: {time_zone: Europe/Berlin}
control_system:
  targets:
    bench: {connector: mock, posture: simulation}
"""
S = 10**9
T = 1_795_172_400 * S  # 2026-11-20 11:00:00 UTC, 12:00:00 in Berlin
BERLIN = ZoneInfo("Europe/Berlin")
MISSING = Fault(channel="GONE", kind=ErrorKind.NOT_FOUND, message="GONE: it is not archived")


class Past:
    """An archiver that holds three samples, at times that were asked for."""

    def __init__(self) -> None:
        self.spans: list[ArchiveSpan] = []

    async def fetch(self, channels: Sequence[str], span: ArchiveSpan, *, timeout_s: float) -> list[ArchiveSeries]:
        self.spans.append(span)
        return [self._series(channel, span) for channel in channels]

    def _series(self, channel: str, span: ArchiveSpan) -> ArchiveSeries:
        if channel == "GONE":
            return ArchiveSeries(channel=channel, fault=MISSING)
        if channel == "QUIET":
            before = ArchivedSample(time_ns=T, value=7.5)
            return ArchiveSeries(channel=channel, unit="mm", before=before, coverage="no samples in this span")
        return ArchiveSeries(
            channel=channel,
            unit="mA",
            times_ns=np.array([span.start_ns, span.start_ns + 1, span.start_ns + 2]),
            values=np.array([400.0, 9e9, math.nan]),
            severities=np.array([0, 3, 1], dtype=np.int8),
            labels=(),
            is_reduced=True,
            reduction="mean of 2 s",
        )

    async def describe(self, channels: Sequence[str], *, timeout_s: float) -> list[ArchiveInfo | Fault]:
        known = ArchiveInfo(channel="A", is_archived=True, first_ns=T, period_s=0.5, status="Being archived")
        return [MISSING if channel == "GONE" else known for channel in channels]


class Bench:
    """Commands in one project whose target has an archive."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.past = Past()

    def run(self, *arguments: str) -> Result:
        return CliRunner().invoke(osprey, ["--project", str(self.folder), "archive", *arguments])


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    (tmp_path / "config.yml").write_text(CONFIG, encoding="utf-8")
    made = Bench(tmp_path)

    async def archiver(project: Any, name: str | None) -> Any:
        from osprey.control import targets_of

        return await targets_of(project).get(name), made.past

    monkeypatch.setattr(archive_commands, "_archiver", archiver)
    return made


def test_json_has_whole_nanoseconds_and_no_word_that_json_lacks(bench: Bench) -> None:
    result = bench.run("get", "A", "GONE", "--from", "2026-11-20T11:00:00Z", "--to", "2026-11-20 12:30", "--json")
    assert result.exit_code == 1
    good, missing = json.loads(result.stdout)
    assert good["times_ns"] == [T, T + 1, T + 2]
    assert good["values"] == [400.0, 9e9, None]
    assert good["severities"] == ["ok", "invalid", "minor"]
    assert (good["unit"], good["reduction"], good["simulated"], good["fault"]) == ("mA", "mean of 2 s", True, None)
    assert missing["fault"] == {"kind": "not_found", "message": "GONE: it is not archived"}
    assert bench.past.spans == [ArchiveSpan(start_ns=T, end_ns=T + 1800 * S, max_points=1000)]


def test_a_table_for_a_spreadsheet_has_a_line_for_each_sample(bench: Bench) -> None:
    result = bench.run("get", "A", "--from", "2026-11-20 12:00", "--csv", "--points", "7")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0] == "channel,time_ns,time,value,label,unit,severity"
    assert lines[2] == f"A,{T + 1},2026-11-20T12:00:00.000000001+01:00,9000000000.0,,mA,invalid"
    assert lines[3].split(",")[3] == ""
    assert bench.past.spans[0].max_points == 7


def test_people_see_local_times_alarms_and_what_is_missing(bench: Bench) -> None:
    result = bench.run("get", "A", "QUIET", "GONE", "--from", "2026-11-20 12:00")
    assert result.exit_code == 1
    assert "A  (mA, 3 samples, mean of 2 s, 1 marked invalid)" in result.stdout
    assert "2026-11-20T12:00:00+01:00  400 mA" in result.stdout
    assert "INVALID" in result.stdout
    assert "QUIET: no samples in this span" in result.stderr
    assert "QUIET: it was 7.5 mm since 2026-11-20T12:00:00+01:00" in result.stderr
    assert "GONE: no past values: it is not archived [not_found]" in result.stderr
    assert "simulated" in result.stderr


def test_a_plot_is_drawn_here_or_written_as_a_picture(bench: Bench) -> None:
    drawn = bench.run("plot", "A", "--last", "2h")
    assert drawn.exit_code == 0
    assert "⠁" in drawn.stdout or any(0x2801 <= ord(letter) <= 0x28FF for letter in drawn.stdout)
    path = bench.folder / "a.png"
    assert bench.run("plot", "A", "QUIET", "--png", str(path)).exit_code == 0
    assert path.read_bytes().startswith(b"\x89PNG")
    assert bench.run("plot", "GONE", "--png", str(bench.folder / "b.png")).exit_code == 1
    nowhere = bench.run("plot", "A", "--png", str(bench.folder / "no" / "b.png"))
    assert isinstance(nowhere.exception, UsageError)


def test_without_matplotlib_the_remedy_is_named(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    result = bench.run("plot", "A", "--png", str(bench.folder / "a.png"))
    assert "pip install 'osprey-core[analysis]'" in str(result.exception)
    assert bench.run("plot", "A").exit_code == 0


def test_what_the_archive_knows_is_shown_and_what_it_does_not_is_left_out(bench: Bench) -> None:
    result = bench.run("info", "A")
    assert result.exit_code == 0
    assert "first sample  2026-11-20T12:00:00+01:00" in result.stdout
    assert "last sample" not in result.stdout
    rows = bench.run("info", "A", "GONE", "--json")
    assert rows.exit_code == 1
    known, missing = json.loads(rows.stdout)
    assert (known["archived"], known["first_ns"], known["last_ns"], known["period_s"]) == (True, T, None, 0.5)
    assert missing["fault"]["kind"] == "not_found"


def test_a_target_without_an_archive_names_the_key(tmp_path: Path) -> None:
    (tmp_path / "config.yml").write_text(CONFIG, encoding="utf-8")
    result = CliRunner().invoke(osprey, ["--project", str(tmp_path), "archive", "get", "A"])
    assert isinstance(result.exception, ConfigError)
    assert "control_system.targets.bench.archiver" in str(result.exception)


@pytest.mark.parametrize(
    ("given", "bounds"),
    [
        ((None, None, None), (-3600, 0)),
        ((None, None, "2h"), (-7200, 0)),
        ((None, None, "10m"), (-600, 0)),
        ((None, None, "30 min"), (-1800, 0)),
        ((None, None, "3 days"), (-3 * 86400, 0)),
        (("10 minutes ago", None, None), (-600, 0)),
        (("today at 08:00", "now", None), (-4 * 3600, 0)),
        (("2026-11-20", None, None), (-12 * 3600, 0)),
        (("yesterday", "2026-11-20", None), (-36 * 3600, -12 * 3600)),
        (("2026-11-20T09:00:00Z", "2026-11-20T12:00:00+02:00", None), (-7200, -3600)),
    ],
)
def test_a_span_is_read_in_the_facility_s_time_zone(
    given: tuple[str | None, str | None, str | None], bounds: tuple[int, int]
) -> None:
    span = span_of(*given, points=5, now_ns=T, zone=BERLIN)
    assert ((span.start_ns - T) // S, (span.end_ns - T) // S, span.max_points) == (*bounds, 5)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ((None, None, "-2h"), "not a length of time"),
        ((None, None, "soon"), "no length of time"),
        ((None, None, "2h and more"), "no length of time"),
        (("2h ago", None, "2h"), "not both"),
        ((None, "now", None), "--to needs --from"),
        (("tomorrow", None, None), "no time"),
        (("2026-11-21", None, None), "future"),
        (("2026-13-01", None, None), "not a date"),
        (("1 hour ago", "2 hours ago", None), "before"),
        (("now", None, None), "before"),
        (("2026-10-25 02:30", None, None), "happened twice"),
        (("2026-03-29 02:30", None, None), "does not exist"),
        (("last week", None, None), "no time"),
    ],
)
def test_a_span_that_cannot_be_meant_is_an_error(given: tuple[str | None, str | None, str | None], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        span_of(*given, points=5, now_ns=T, zone=BERLIN)


@given(
    st.lists(st.tuples(st.integers(0, 10**12 - 1), st.floats(), st.integers(0, 3)), max_size=50),
    st.integers(1, 200),
)
def test_any_series_is_drawn_within_its_width(rows: list[tuple[int, float, int]], width: int) -> None:
    rows.sort()
    span = ArchiveSpan(start_ns=T, end_ns=T + 10**12)
    series = ArchiveSeries(
        channel="A",
        times_ns=[T + row[0] for row in rows],
        values=[row[1] for row in rows],
        severities=[row[2] for row in rows],
    )
    lines = draw(series, span, BERLIN, width)
    has_numbers = any(math.isfinite(value) and severity < 3 for _, value, severity in rows)
    assert (len(lines) == 1) is not has_numbers
    assert all(len(line) <= max(width, 60) for line in lines)


def test_what_is_invalid_is_not_drawn() -> None:
    span = ArchiveSpan(start_ns=T, end_ns=T + 10)
    series = ArchiveSeries(channel="A", times_ns=[T, T + 5], values=[1.0, 9e9], severities=[0, 3])
    assert "9e+09" not in "\n".join(draw(series, span, BERLIN, 60))
