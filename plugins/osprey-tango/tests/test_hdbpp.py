"""HDB++: exact columns out of a real PostgreSQL, reduced by it, and every way to fail."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import anyio
import numpy as np
import psycopg
import pytest
from hdbpp_tables import BEGIN, BEGIN_NS, CURRENT, HOST, Archive
from hypothesis import given
from hypothesis import strategies as st
from postgres_server import PostgresServer

from osprey.api import (
    SEVERITIES,
    ArchivedSample,
    ArchiveInfo,
    ArchiveSeries,
    ArchiveSpan,
    ConfigError,
    ConnectContext,
    ConnectorError,
    ErrorKind,
    Fault,
    Severity,
    structure_settings,
)
from osprey.testing.archiver_conformance import ArchiverPeer, archiver_tests
from osprey_tango.hdbpp.archiver import HdbppArchiver
from osprey_tango.hdbpp.settings import HdbppSettings
from osprey_tango.hdbpp.times import from_ns, to_ns

S = 10**9
Open = Callable[..., Awaitable[HdbppArchiver]]
SEVERITY_OF = {0: Severity.OK, 1: Severity.INVALID, 2: Severity.MAJOR, 3: Severity.OK, 4: Severity.MINOR}


def _start() -> PostgresServer:
    server = PostgresServer()
    server.start()
    with psycopg.connect(server.url(), autocommit=True) as connection:
        connection.execute("CREATE ROLE reader LOGIN")
        connection.execute("CREATE ROLE stranger LOGIN")
        connection.execute("CREATE DATABASE hdb")
        connection.execute("CREATE DATABASE empty")
    with psycopg.connect(server.url("hdb")) as connection:
        Archive(connection).create()
        connection.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader")
    return server


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    running = _start()
    yield running
    running.stop()


async def _connect(folder: Path, url: str, **settings: Any) -> HdbppArchiver:
    section = structure_settings(HdbppSettings, {"url": url, **settings}, "archiver.hdbpp")
    return await HdbppArchiver.connect(ConnectContext(target="t", settings=section, state_dir=folder))


class Peer(ArchiverPeer):
    """A real PostgreSQL with the tables of HDB++."""

    archived = "sr/dcct/1/steady"
    missing = "sr/no/such/thing"
    pattern = "sr/dcct/*"
    unit = "mA"

    def start(self) -> None:
        self.server = _start()

    def stop(self) -> None:
        self.server.stop()

    async def connect(self, folder: Path) -> HdbppArchiver:
        return await _connect(folder, self.server.url("hdb", "reader"))

    def span_ns(self) -> tuple[int, int]:
        return BEGIN_NS, BEGIN_NS + 600 * S


globals().update(archiver_tests(Peer))


@pytest.fixture
async def open_archiver(server: PostgresServer, tmp_path: Path) -> AsyncIterator[Open]:
    async with AsyncExitStack() as stack:

        async def connect(database: str = "hdb", user: str = "reader", **settings: Any) -> HdbppArchiver:
            archiver = await _connect(tmp_path, server.url(database, user), **settings)
            stack.push_async_callback(archiver.aclose)
            return archiver

        yield connect


async def _fetch(
    archiver: HdbppArchiver, name: str, start: float = -10, end: float = 7200, points: int = 20_000
) -> ArchiveSeries:
    span = ArchiveSpan(start_ns=BEGIN_NS + round(start * S), end_ns=BEGIN_NS + round(end * S), max_points=points)
    (series,) = await archiver.fetch([name], span, timeout_s=20)
    return series


def _kind(series: ArchiveSeries) -> ErrorKind:
    assert series.fault is not None
    return series.fault.kind


@pytest.mark.anyio
async def test_times_are_exact_and_qualities_are_severities(open_archiver: Open) -> None:
    series = await _fetch(await open_archiver(), "sr/dcct/1/current")
    assert series.times_ns.dtype == np.int64
    assert series.times_ns.tolist() == [BEGIN_NS + after // timedelta(microseconds=1) * 1000 for after, *_ in CURRENT]
    values = [math.nan if value is None else value for _, value, _, _ in CURRENT]
    assert np.array_equal(series.values, values, equal_nan=True)
    told = [Severity.INVALID if error else SEVERITY_OF[quality] for _, _, quality, error in CURRENT]
    assert [SEVERITIES[number] for number in series.severities] == told
    assert (series.unit, series.is_reduced, series.reduction) == ("mA", False, "")


@pytest.mark.anyio
@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "America/Los_Angeles"])
async def test_the_time_zone_of_the_server_changes_nothing(
    open_archiver: Open, server: PostgresServer, zone: str
) -> None:
    with psycopg.connect(server.url("hdb"), autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE hdb SET timezone TO '{zone}'")
    series = await _fetch(await open_archiver(), "sr/mag/q1/field")
    assert series.times_ns.tolist() == [BEGIN_NS + 7000, BEGIN_NS + S + 7000]


@pytest.mark.anyio
@pytest.mark.parametrize("points", [1, 2, 7, 100, 3599])
async def test_the_database_reduces_to_means_of_what_is_valid(open_archiver: Open, points: int) -> None:
    series = await _fetch(await open_archiver(), "sr/dcct/1/current", 0, 3600, points)
    assert 0 < len(series.values) <= points
    assert series.is_reduced
    width_us = -(-3600 * 10**6 // points)
    assert series.reduction == f"mean of {width_us / 1e6:.6g} s"
    bins: dict[int, list[tuple[float | None, int, int | None]]] = {}
    for after, *rest in CURRENT:
        bins.setdefault(after // timedelta(microseconds=1) // width_us, []).append(tuple(rest))
    assert len(series.values) == len(bins)
    for number, value, severity in zip(sorted(bins), series.values, series.severities, strict=True):
        valid = [each for each, quality, error in bins[number] if quality != 1 and error is None]
        assert value == pytest.approx(sum(valid) / len(valid)) if valid else math.isnan(value)
        worst = max(3 if error else SEVERITIES.index(SEVERITY_OF[quality]) for _, quality, error in bins[number])
        assert severity == worst


@pytest.mark.anyio
async def test_the_settings_limit_what_a_caller_may_ask(open_archiver: Open) -> None:
    series = await _fetch(await open_archiver(max_points=50), "sr/dcct/1/current", points=3600)
    assert 0 < len(series.values) <= 50


@pytest.mark.anyio
async def test_the_sample_that_held_when_the_span_began_stands_apart(open_archiver: Open) -> None:
    archiver = await open_archiver()
    series = await _fetch(archiver, "sr/mag/q1/field", 0.5, 1.5)
    assert series.times_ns.tolist() == [BEGIN_NS + S + 7000]
    assert series.before == ArchivedSample(time_ns=BEGIN_NS + 7000, value=0.5, severity=0)
    quiet = await _fetch(archiver, "sr/mag/q1/field", 100, 200)
    assert quiet.coverage == "no samples in this span; the last one before it is of 2026-03-01 00:00:01 UTC"
    assert (quiet.before.value if quiet.before else None) == 1.5


@pytest.mark.anyio
async def test_the_span_is_half_open_to_the_nanosecond(open_archiver: Open) -> None:
    archiver = await open_archiver()
    first, second = BEGIN_NS + 7000, BEGIN_NS + S + 7000
    for start, end, expected in [
        (first, second, [first]),
        (first + 1, second + 1, [second]),
        (first, second + 1, [first, second]),
        (first + 1, first + 2, []),
    ]:
        span = ArchiveSpan(start_ns=start, end_ns=end)
        (series,) = await archiver.fetch(["sr/mag/q1/field"], span, timeout_s=20)
        assert list(series.times_ns) == expected


@pytest.mark.anyio
async def test_every_scalar_type_is_a_column_of_numbers(open_archiver: Open) -> None:
    archiver = await open_archiver()
    assert (await _fetch(archiver, "sr/t/1/short")).values.tolist() == [-32768.0, 32767.0]
    assert (await _fetch(archiver, "sr/t/1/ulong64")).values.tolist() == [0.0, 2.0**64]
    assert set((await _fetch(archiver, "sr/t/1/bool")).values) == {0.0, 1.0}
    assert (await _fetch(archiver, "sr/t/1/written")).values.tolist() == [1.0, 2.0]
    state = await _fetch(archiver, "sr/t/1/state")
    assert [state.labels[int(value)] for value in state.values] == ["ON", "FAULT", "UNKNOWN"]
    mode = await _fetch(archiver, "sr/t/1/mode")
    assert [mode.labels[int(value)] for value in mode.values[:3]] == ["off", "on", "standby"]
    text = await _fetch(archiver, "sr/t/1/text")
    assert [text.labels[int(value)] for value in text.values[:3]] == ["Füllen", "", "Füllen"]
    assert math.isnan(text.values[3])
    assert text.severities.tolist() == [0, 0, 0, 3]


@pytest.mark.anyio
async def test_what_goes_in_steps_is_thinned_and_never_averaged(open_archiver: Open) -> None:
    archiver = await open_archiver()
    for name, values in (("sr/t/1/mode", {0.0, 1.0, 2.0}), ("sr/t/1/bool", {0.0, 1.0})):
        series = await _fetch(archiver, name, 0, 120, 7)
        assert 0 < len(series.values) <= 7
        assert set(series.values) <= values
        assert series.reduction.startswith("last sample of ")


@pytest.mark.anyio
async def test_what_is_no_number_has_no_part_in_a_mean(open_archiver: Open) -> None:
    series = await _fetch(await open_archiver(), "sr/t/1/odd", 0, 4, 1)
    assert series.values.tolist() == [2.0]


@pytest.mark.anyio
async def test_names_are_found_however_they_are_written(open_archiver: Open) -> None:
    archiver = await open_archiver()
    for name in ("SR/MAG/q1/FIELD", f"tango://{HOST}/sr/mag/q1/field", f"TANGO://{HOST.upper()}/SR/Mag/Q1/Field"):
        series = await _fetch(archiver, name)
        assert (series.channel, len(series.values)) == (name, 2)
    assert _kind(await _fetch(archiver, "tango://elsewhere:1/sr/mag/q1/field")) is ErrorKind.NOT_FOUND
    assert _kind(await _fetch(archiver, "sr/t/1/twice")) is ErrorKind.BAD_VALUE
    other = await _fetch(archiver, "tango://other:10000/sr/t/1/twice")
    assert other.values.tolist() == [float(len("other:10000"))]


@pytest.mark.anyio
async def test_what_cannot_be_shown_says_why(open_archiver: Open) -> None:
    archiver = await open_archiver()
    spectrum, encoded = await _fetch(archiver, "sr/t/1/spectrum"), await _fetch(archiver, "sr/t/1/encoded")
    assert (_kind(spectrum), _kind(encoded)) == (ErrorKind.UNSUPPORTED, ErrorKind.UNSUPPORTED)
    assert "it is a spectrum" in spectrum.fault.message if spectrum.fault else ""


@pytest.mark.anyio
async def test_what_is_not_covered_is_told(open_archiver: Open) -> None:
    archiver = await open_archiver()
    assert (await _fetch(archiver, "sr/mag/q1/field", -60, 60)).coverage == "no samples before 2026-03-01 00:00:00 UTC"
    assert (await _fetch(archiver, "sr/t/1/empty")).coverage == "no samples in this span"
    stopped = await _fetch(archiver, "sr/t/1/stopped", 0.5, 60)
    assert stopped.coverage == "no samples after 2026-03-01 00:00:09 UTC; the archive says: STOP"


@pytest.mark.anyio
async def test_the_archive_says_what_it_has(open_archiver: Open) -> None:
    archiver = await open_archiver()
    info, missing, spectrum = await archiver.describe(["sr/mag/q1/field", "a/b/c/d", "sr/t/1/spectrum"], timeout_s=20)
    assert info == ArchiveInfo(
        channel="sr/mag/q1/field",
        is_archived=True,
        first_ns=BEGIN_NS + 7000,
        last_ns=BEGIN_NS + S + 7000,
        description="the Field of Q1",
        status="START",
    )
    assert missing == ArchiveInfo(channel="a/b/c/d", is_archived=False, status="not in att_conf")
    assert isinstance(spectrum, Fault)


@pytest.mark.anyio
async def test_a_search_knows_no_wildcards_but_its_own(open_archiver: Open) -> None:
    archiver = await open_archiver()
    assert await archiver.search("SR/MAG/*/f?eld", limit=9, timeout_s=20) == ["sr/mag/q1/field"]
    assert await archiver.search("sr/mag/__/field", limit=9, timeout_s=20) == []
    everything = await archiver.search("", limit=100, timeout_s=20)
    assert "sr/t/1/twice" in everything
    assert "sr/t/1/hidden" not in everything


@pytest.mark.anyio
async def test_nothing_can_be_written_through_it(open_archiver: Open) -> None:
    archiver = await open_archiver(user="admin")
    with archiver._database.session(5) as session, pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        session.connection.execute("DELETE FROM att_history")


@pytest.mark.anyio
async def test_a_statement_ends_at_the_server_after_its_time(open_archiver: Open, server: PostgresServer) -> None:
    with psycopg.connect(server.url("hdb")) as connection:
        connection.execute("LOCK TABLE att_scalar_devdouble IN ACCESS EXCLUSIVE MODE")
        archiver = await open_archiver(timeout_s=0.3)
        series = await _fetch(archiver, "sr/dcct/1/current")
        assert _kind(series) is ErrorKind.TIMEOUT
        assert "gave no answer in time" in (series.fault.message if series.fault else "")
        good = await _fetch(archiver, "sr/mag/q1/field")
        assert good.fault is None


@pytest.mark.anyio
async def test_the_deadline_of_the_caller_counts_too(open_archiver: Open, server: PostgresServer) -> None:
    with psycopg.connect(server.url("hdb")) as connection:
        connection.execute("LOCK TABLE att_scalar_devdouble IN ACCESS EXCLUSIVE MODE")
        span = ArchiveSpan(start_ns=BEGIN_NS, end_ns=BEGIN_NS + S)
        archiver = await open_archiver(connections=2)
        with anyio.fail_after(20):
            late, good = await archiver.fetch(["sr/dcct/1/current", "sr/mag/q1/field"], span, timeout_s=0.5)
    assert (_kind(late), good.fault) == (ErrorKind.TIMEOUT, None)


@pytest.mark.anyio
async def test_every_failure_has_its_word(open_archiver: Open, tmp_path: Path) -> None:
    assert _kind(await _fetch(await open_archiver("empty"), "a/b/c/d")) is ErrorKind.UNSUPPORTED
    assert _kind(await _fetch(await open_archiver("missing"), "a/b/c/d")) is ErrorKind.UNREACHABLE
    nobody = await _connect(tmp_path, "postgresql://reader@127.0.0.1:1/hdb")
    assert _kind(await _fetch(nobody, "a/b/c/d")) is ErrorKind.UNREACHABLE
    with pytest.raises(ConnectorError, match="cannot be listed"):
        await nobody.search("*", limit=1, timeout_s=20)
    stranger = await open_archiver(user="stranger")
    assert _kind(await _fetch(stranger, "sr/mag/q1/field")) is ErrorKind.PERMISSION
    other = await open_archiver(schema="elsewhere")
    assert _kind(await _fetch(other, "sr/mag/q1/field")) is ErrorKind.UNSUPPORTED


@pytest.mark.anyio
async def test_a_server_that_died_is_unreachable_and_found_again(tmp_path: Path) -> None:
    server = _start()
    archiver = await _connect(tmp_path, server.url("hdb"))
    assert (await _fetch(archiver, "sr/mag/q1/field")).fault is None
    server.kill()
    assert _kind(await _fetch(archiver, "sr/mag/q1/field")) is ErrorKind.UNREACHABLE
    server.launch()
    assert (await _fetch(archiver, "sr/mag/q1/field")).fault is None
    await archiver.aclose()
    server.stop()


@pytest.mark.anyio
async def test_no_more_connections_than_allowed(open_archiver: Open, server: PostgresServer) -> None:
    archiver = await open_archiver(connections=3)
    span = ArchiveSpan(start_ns=BEGIN_NS, end_ns=BEGIN_NS + 10 * S)
    names = [f"a/b/c/{number}" for number in range(100)]
    found = await archiver.fetch([*names, "sr/mag/q1/field"], span, timeout_s=30)
    assert {_kind(series) for series in found[:-1]} == {ErrorKind.NOT_FOUND}
    assert found[-1].fault is None
    with psycopg.connect(server.url("hdb")) as connection:
        row = connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE usename = 'reader' AND application_name = 'osprey'"
        ).fetchone()
    assert row is not None
    assert row[0] <= 3


def test_a_password_is_not_shown_and_is_used() -> None:
    section = {"url": "postgresql://reader@h/hdb", "secret_password": "hunter2"}
    settings = structure_settings(HdbppSettings, section, "archiver.hdbpp")
    assert "hunter2" not in repr(settings)
    assert "password=hunter2" in HdbppArchiver(settings)._database._conninfo


def test_the_time_for_a_connection_goes_to_the_library() -> None:
    section = {"url": "postgresql://reader@h/hdb", "connect_timeout_s": 7}
    settings = structure_settings(HdbppSettings, section, "archiver.hdbpp")
    assert "connect_timeout=7" in HdbppArchiver(settings)._database._conninfo


@pytest.mark.parametrize(
    "section",
    [
        {},
        {"url": "mysql://h/hdb"},
        {"url": "h"},
        {"url": "postgresql://h/hdb", "timeout_s": -1},
        {"url": "postgresql://h/hdb", "connect_timeout_s": math.inf},
        {"url": "postgresql://h/hdb", "max_points": 0},
        {"url": "postgresql://h/hdb", "connections": 33},
        {"url": "postgresql://h/hdb", "colour": "red"},
    ],
)
def test_a_setting_that_makes_no_sense_is_an_error(section: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        structure_settings(HdbppSettings, section, "archiver.hdbpp")


@given(st.datetimes(min_value=datetime(1900, 1, 1), max_value=datetime(2200, 1, 1)))
def test_a_stored_time_is_the_same_number_back_and_forth(naive: datetime) -> None:
    moment = naive.replace(tzinfo=UTC)
    assert from_ns(to_ns(moment)) == moment
    assert from_ns(to_ns(moment) - 999) == moment
    assert from_ns(to_ns(moment) + 1) == moment + timedelta(microseconds=1)


def test_the_first_sample_is_of_the_time_that_the_tables_say() -> None:
    assert to_ns(BEGIN) == BEGIN_NS
