"""The Archiver Appliance: exact columns within span and budget, the server's own words, and every way to fail."""

from __future__ import annotations

import math
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import anyio
import httpx
import numpy as np
import pytest
import trustme
from appliance import TOKEN, Appliance
from appliance_store import BEGIN, NEW_YEAR, make_store
from appliance_wire import Event, as_json, as_raw
from hypothesis import given
from hypothesis import strategies as st

from osprey.api import (
    ArchivedSample,
    ArchiveInfo,
    ArchiveSeries,
    ArchiveSpan,
    ConfigError,
    ConnectContext,
    ConnectorError,
    ErrorKind,
    Fault,
    structure_settings,
)
from osprey.testing.archiver_conformance import ArchiverPeer, archiver_tests
from osprey_epics.archiver_appliance.archiver import ApplianceArchiver
from osprey_epics.archiver_appliance.json_format import parse_json
from osprey_epics.archiver_appliance.questions import reduced
from osprey_epics.archiver_appliance.raw_format import UndecodableError, parse_raw
from osprey_epics.archiver_appliance.server import AnswerError
from osprey_epics.archiver_appliance.settings import ApplianceSettings, Reduction

S = 10**9
YEAR = 365 * 86400
STORE = make_store()
Open = Callable[..., Awaitable[ApplianceArchiver]]


def _as_raw(name: str, unit: str, events: list[Event]) -> Iterator[bytes]:
    return as_raw(name, unit, "DBR_SCALAR_DOUBLE", 1, events)


def _settings(url: str, **settings: Any) -> ApplianceSettings:
    return structure_settings(ApplianceSettings, {"url": url, **settings}, "archiver.archiver-appliance")


async def _connect(folder: Path, url: str, **settings: Any) -> ApplianceArchiver:
    context = ConnectContext(target="t", settings=_settings(url, **settings), state_dir=folder)
    return await ApplianceArchiver.connect(context)


@pytest.fixture(scope="module")
def server() -> Iterator[Appliance]:
    running = Appliance()
    running.start()
    yield running
    running.stop()


class JsonPeer(ArchiverPeer):
    """The stub, asked for JSON."""

    archived = "SR:CUR"
    missing = "SR:NO:SUCH"
    pattern = "SR:*"
    unit = "mA"
    format = "json"

    def start(self) -> None:
        self.appliance = Appliance()
        self.appliance.start()

    def stop(self) -> None:
        self.appliance.stop()

    async def connect(self, folder: Path) -> ApplianceArchiver:
        return await _connect(folder, self.appliance.url, format=self.format)

    def span_ns(self) -> tuple[int, int]:
        return BEGIN * S, (BEGIN + 7200) * S


globals().update(archiver_tests(JsonPeer))


@pytest.fixture
async def open_archiver(server: Appliance, tmp_path: Path) -> AsyncIterator[Open]:
    async with AsyncExitStack() as stack:

        async def connect(mode: str = "", **settings: Any) -> ApplianceArchiver:
            archiver = await _connect(tmp_path, f"{server.url}{mode}", **settings)
            stack.push_async_callback(archiver.aclose)
            return archiver

        yield connect


async def _fetch(
    archiver: ApplianceArchiver, name: str, start: float = -100, end: float = 7300, points: int = 20_000
) -> ArchiveSeries:
    span = ArchiveSpan(start_ns=int((BEGIN + start) * S), end_ns=int((BEGIN + end) * S), max_points=points)
    (series,) = await archiver.fetch([name], span, timeout_s=20)
    return series


def _asked(server: Appliance) -> list[str]:
    return _seen(server)["asked"]


def _seen(server: Appliance) -> Any:
    return httpx.get(f"{server.url}/asked", trust_env=False).json()


@pytest.mark.anyio
@pytest.mark.parametrize("form", ["json", "raw"])
async def test_times_are_exact_to_the_nanosecond_and_severities_kept(open_archiver: Open, form: str) -> None:
    series = await _fetch(await open_archiver(format=form), "SR:CUR")
    events = STORE["SR:CUR"].events
    assert series.times_ns.dtype == np.int64
    assert series.times_ns.tolist() == [event.time_ns for event in events]
    assert series.values.tolist() == [event.value for event in events]
    assert series.severities.tolist() == [event.severity for event in events]
    assert series.severities.dtype == np.int8
    assert (series.unit, series.is_reduced, series.reduction, series.before) == ("mA", False, "", None)


@pytest.mark.anyio
@pytest.mark.parametrize("name", [name for name in STORE if "WAVE" not in name])
@pytest.mark.parametrize("points", [100, 20_000])
async def test_both_formats_give_the_same(open_archiver: Open, name: str, points: int) -> None:
    spans = {"SR:NEWYEAR": (NEW_YEAR - BEGIN - 50, NEW_YEAR - BEGIN + 50), "SR:MON": (86400.5, 3 * 86400)}
    start, end = spans.get(name, (1.5, 7300))
    json_series, raw_series = [
        await _fetch(await open_archiver(format=form), name, start, end, points) for form in ("json", "raw")
    ]
    assert json_series.fault is None
    assert np.array_equal(json_series.values, raw_series.values, equal_nan=True)
    assert json_series.times_ns.tolist() == raw_series.times_ns.tolist()
    assert json_series.severities.tolist() == raw_series.severities.tolist()
    assert repr(json_series.before) == repr(raw_series.before)
    for part in ("labels", "unit", "is_reduced", "reduction", "coverage"):
        assert getattr(json_series, part) == getattr(raw_series, part)


@pytest.mark.anyio
async def test_the_sample_that_held_when_the_span_began_stands_apart(open_archiver: Open) -> None:
    first, second, *_ = STORE["SR:CUR"].events
    archiver = await open_archiver()
    span = ArchiveSpan(start_ns=first.time_ns + 1, end_ns=second.time_ns + 1)
    (series,) = await archiver.fetch(["SR:CUR"], span, timeout_s=20)
    assert series.times_ns.tolist() == [second.time_ns]
    assert series.before == ArchivedSample(time_ns=first.time_ns, value=first.value, severity=first.severity)
    quiet = await _fetch(archiver, "SR:LOST", 10, 20)
    assert len(quiet.values) == 0
    assert quiet.before == ArchivedSample(time_ns=BEGIN * S + 5, value=1.0, severity=0)
    assert quiet.coverage == "no samples in this span; the last one before it is of 2023-11-14 22:13:20 UTC"


@pytest.mark.anyio
@pytest.mark.parametrize("points", [1, 2, 3, 7, 100, 1000, 7199])
async def test_a_budget_is_kept_and_means_are_those_of_their_bins(open_archiver: Open, points: int) -> None:
    series = await _fetch(await open_archiver(), "SR:CUR", 0.5, 7199.5, points)
    assert 0 < len(series.values) <= points
    assert series.is_reduced
    assert series.reduction.startswith("mean of ")
    width = int(series.reduction.split()[2])
    events = [event for event in STORE["SR:CUR"].events if 0.5 <= event.time_ns / S - BEGIN < 7199.5]
    for time_ns, value, severity in zip(series.times_ns, series.values, series.severities, strict=True):
        mine = [event for event in events if event.secs // width == time_ns // S // width]
        assert value == pytest.approx(sum(event.value for event in mine) / len(mine))
        assert severity == max(event.severity for event in mine)


@pytest.mark.anyio
@pytest.mark.parametrize("reduction", [r for r in Reduction if r is not Reduction.OPTIMIZED])
async def test_another_reduction_is_asked_of_the_server_by_its_name(
    open_archiver: Open, server: Appliance, reduction: Reduction
) -> None:
    archiver = await open_archiver(reduction=reduction.value)
    series = await _fetch(archiver, "SR:MON", 0, 3 * 86400, 50)
    assert 0 < len(series.values) <= 50
    assert series.is_reduced
    assert any(reduction.value in asked for asked in _asked(server))
    extremes = {Reduction.MIN: (-1, -0.5), Reduction.MAX: (0.5, 1)}
    low, high = extremes.get(reduction, (-1, 1))
    assert all(low <= value <= high for value in series.values)


@pytest.mark.anyio
async def test_an_unreduced_year_never_arrives(open_archiver: Open, server: Appliance) -> None:
    archiver = await open_archiver()
    series = await _fetch(archiver, "SR:BIG", -YEAR / 2, YEAR / 2, 500)
    assert len(series.values) <= 500
    last = _asked(server)[-1]
    assert "optimizedSample_" in last
    assert not [asked for asked in _asked(server) if "pv=SR%3ABIG&" in asked and "getData" in asked]


@pytest.mark.anyio
@pytest.mark.parametrize("form", ["json", "raw"])
async def test_nothing_is_reduced_that_fits(open_archiver: Open, form: str) -> None:
    """The span has more seconds than samples, so that the server is asked for fewer bins than the budget."""
    series = await _fetch(await open_archiver(format=form), "SR:MON", 0, 800_000, 5000)
    assert len(series.values) == 5000
    assert not series.is_reduced


@pytest.mark.anyio
async def test_the_settings_limit_what_a_caller_may_ask(open_archiver: Open) -> None:
    series = await _fetch(await open_archiver(max_points=60), "SR:CUR", points=7000)
    assert 0 < len(series.values) <= 60


@pytest.mark.anyio
async def test_an_empty_bin_stays_empty(open_archiver: Open) -> None:
    """The plain operators would repeat the value before the gap."""
    series = await _fetch(await open_archiver(), "SR:BIG", 0, 86400, 100)
    assert len(series.values) < 10
    assert max(series.times_ns) <= (BEGIN + 2000 + 1000) * S


@pytest.mark.anyio
@pytest.mark.parametrize("form", ["json", "raw"])
async def test_texts_are_numbers_of_their_labels(open_archiver: Open, form: str) -> None:
    series = await _fetch(await open_archiver(format=form), "SR:TEXT")
    assert [series.labels[int(value)] for value in series.values] == ["Füllen", "a\nb\x1b\r", "", "Füllen"]


@pytest.mark.anyio
async def test_states_are_thinned_and_never_averaged(open_archiver: Open) -> None:
    series = await _fetch(await open_archiver(), "SR:STATE", points=100)
    assert len(series.values) <= 100
    assert set(series.values.tolist()) <= {0.0, 1.0, 2.0}
    assert series.reduction.startswith("last sample of ")


@pytest.mark.anyio
@pytest.mark.parametrize("form", ["json", "raw"])
@pytest.mark.parametrize("mode", ["", "/nomgmt"])
@pytest.mark.parametrize("name", ["SR:WAVE", "SR:WAVE5"])
async def test_a_waveform_is_a_fault_that_says_so(open_archiver: Open, name: str, mode: str, form: str) -> None:
    series = await _fetch(await open_archiver(mode, format=form), name, points=3)
    assert series.fault is not None
    assert series.fault.kind is ErrorKind.UNSUPPORTED
    assert f"waveform of {8 if name == 'SR:WAVE' else 5} elements" in series.fault.message


@pytest.mark.anyio
async def test_what_is_no_number_arrives_as_such(open_archiver: Open) -> None:
    values = (await _fetch(await open_archiver(), "SR:NAN")).values.tolist()
    assert math.isnan(values[1])
    assert [values[0], *values[2:]] == [1.5, math.inf, -math.inf, 2.5]


@pytest.mark.anyio
async def test_what_is_not_covered_is_told(open_archiver: Open) -> None:
    archiver = await open_archiver()
    assert (await _fetch(archiver, "SR:CUR", -3600, 7199)).coverage == "no samples before 2023-11-14 22:13:20 UTC"
    assert (await _fetch(archiver, "SR:CUR", 0, 9000)).coverage == "no samples after 2023-11-15 00:13:19 UTC"
    paused = (await _fetch(archiver, "SR:PAUSED", 0.5, 3600)).coverage
    assert paused == "no samples after 2023-11-14 22:14:19 UTC; the archive says: Paused"
    assert (await _fetch(archiver, "SR:EMPTY")).coverage == "no samples in this span"
    assert (await _fetch(archiver, "SR:MON", 1000, 2000)).coverage == ""


@pytest.mark.anyio
async def test_what_is_archived_is_truly_asked(open_archiver: Open) -> None:
    archiver = await open_archiver()
    archived, paused, missing, waveform = await archiver.describe(
        ["SR:CUR", "SR:PAUSED", "SR:NO", "SR:WAVE"], timeout_s=20
    )
    assert archived == ArchiveInfo(
        channel="SR:CUR",
        is_archived=True,
        last_ns=STORE["SR:CUR"].events[-1].time_ns,
        period_s=1.0,
        unit="mA",
        status="Being archived",
    )
    assert isinstance(paused, ArchiveInfo)
    assert (paused.is_archived, paused.status) == (True, "Paused")
    assert missing == ArchiveInfo(channel="SR:NO", is_archived=False, status="Not being archived")
    assert isinstance(waveform, ArchiveInfo)


@pytest.mark.anyio
async def test_management_may_be_elsewhere_or_closed(open_archiver: Open, server: Appliance) -> None:
    apart = await open_archiver("/s404", retrieval_url=f"{server.url}/retrieval/", management_url=f"{server.url}/mgmt")
    assert (await _fetch(apart, "SR:CUR")).fault is None
    closed = await open_archiver("/nomgmt")
    assert (await _fetch(closed, "SR:CUR")).fault is None
    missing = (await _fetch(closed, "SR:NO")).fault
    assert missing is not None
    assert missing.kind is ErrorKind.NOT_FOUND
    (info,) = await closed.describe(["SR:CUR"], timeout_s=20)
    assert isinstance(info, Fault)
    assert info.kind is ErrorKind.PERMISSION


@pytest.mark.anyio
@pytest.mark.parametrize("form", ["json", "raw"])
@pytest.mark.parametrize(
    ("mode", "kind", "words"),
    [
        ("/hang", ErrorKind.TIMEOUT, "no answer within 0.5 s"),
        ("/die", ErrorKind.UNREACHABLE, "broke off in the middle"),
        ("/garbage", ErrorKind.INVALID_DATA, "is not what getData"),
        ("/html", ErrorKind.INVALID_DATA, "a page for people"),
        ("/login", ErrorKind.PERMISSION, "https://sso.example.org/login"),
        ("/guarded", ErrorKind.PERMISSION, "secret_headers"),
        ("/s404", ErrorKind.NOT_FOUND, "not archived"),
        ("/s500", ErrorKind.REJECTED, "HTTP 500"),
        ("/s503", ErrorKind.UNREACHABLE, "does not serve now (503)"),
        ("/endless", ErrorKind.INVALID_DATA, "max_bytes"),
    ],
)
async def test_every_failure_has_its_word(
    open_archiver: Open, mode: str, kind: ErrorKind, words: str, form: str
) -> None:
    archiver = await open_archiver(mode, timeout_s=0.5, max_bytes=3_000_000, format=form)
    series = await _fetch(archiver, "SR:CUR")
    assert series.fault is not None
    assert series.fault.kind is kind, series.fault
    assert words in series.fault.message
    assert len(series.times_ns) == len(series.values) == len(series.severities) == 0


@pytest.mark.anyio
async def test_json_of_another_shape_is_no_data(open_archiver: Open) -> None:
    archiver = await open_archiver("/other")
    series = await _fetch(archiver, "SR:CUR")
    assert series.fault is not None
    assert series.fault.kind is ErrorKind.INVALID_DATA
    with pytest.raises(ConnectorError, match="cannot be listed"):
        await archiver.search("*", limit=5, timeout_s=5)


@pytest.mark.anyio
async def test_a_server_that_dies_is_unreachable_and_found_again(tmp_path: Path) -> None:
    server = Appliance()
    server.start()
    archiver = await _connect(tmp_path, server.url)
    assert (await _fetch(archiver, "SR:CUR")).fault is None
    server.kill()
    fault = (await _fetch(archiver, "SR:CUR")).fault
    server.stop()
    assert fault is not None
    assert (fault.kind, fault.retryable) == (ErrorKind.UNREACHABLE, True)
    assert f"127.0.0.1:{server.port}" in fault.message
    await archiver.aclose()


@pytest.mark.anyio
async def test_a_secret_header_opens_the_door_and_is_not_shown(open_archiver: Open) -> None:
    archiver = await open_archiver("/guarded", secret_headers={"Authorization": TOKEN})
    assert (await _fetch(archiver, "SR:CUR")).fault is None
    assert TOKEN not in repr(_settings("http://h", secret_headers={"Authorization": TOKEN}))


@pytest.mark.anyio
async def test_no_more_requests_run_at_a_time_than_allowed(tmp_path: Path) -> None:
    server = Appliance()
    server.start()
    archiver = await _connect(tmp_path, f"{server.url}/slow", concurrency=3)
    span = ArchiveSpan(start_ns=BEGIN * S, end_ns=(BEGIN + 5) * S)
    found = await archiver.fetch([f"SR:N{i}" for i in range(12)], span, timeout_s=20)
    assert _seen(server)["most_running"] == 3
    assert {series.fault.kind for series in found if series.fault} == {ErrorKind.NOT_FOUND}
    await archiver.aclose()
    server.stop()


@pytest.mark.anyio
async def test_one_deadline_covers_the_batch_and_what_came_in_time_is_given(open_archiver: Open) -> None:
    archiver = await open_archiver("/slow", concurrency=1)
    span = ArchiveSpan(start_ns=BEGIN * S, end_ns=(BEGIN + 5) * S)
    with anyio.fail_after(60):
        found = await archiver.fetch(["SR:CUR", *(f"SR:N{i}" for i in range(10_000))], span, timeout_s=4.0)
    assert found[0].fault is None
    assert found[-1].fault is not None
    assert found[-1].fault.kind is ErrorKind.TIMEOUT


@pytest.mark.anyio
async def test_a_name_that_would_be_an_operator_is_refused(open_archiver: Open, server: Appliance) -> None:
    archiver = await open_archiver()
    for name in ("mean_1(SR:CUR)", "SR:CUR,SR:MON", "SR:*", ""):
        fault = (await _fetch(archiver, name)).fault
        assert fault is not None
        assert fault.kind is ErrorKind.NOT_FOUND
    assert not any("mean_1" in asked or "MON" in asked.partition("from=")[0][-12:] for asked in _asked(server)[-3:])


@pytest.mark.anyio
async def test_the_raw_format_names_what_it_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "aaclient._ext", None)
    with pytest.raises(ConfigError, match=r"pip install 'osprey-epics\[raw\]'"):
        await _connect(tmp_path, "http://127.0.0.1:1", format="raw")


@pytest.mark.anyio
async def test_certificates_are_read_from_the_file_that_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="ca_file"):
        await _connect(tmp_path, "https://127.0.0.1:1", ca_file=str(tmp_path / "none.pem"))


@pytest.mark.anyio
async def test_a_server_is_trusted_by_its_certificate_or_not_at_all(tmp_path: Path) -> None:
    authority, ca_file, certificate = trustme.CA(), tmp_path / "ca.pem", tmp_path / "server.pem"
    authority.cert_pem.write_to_path(str(ca_file))
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(str(certificate))
    server = Appliance(certificate=certificate)
    server.start()
    for settings, is_trusted in [({}, False), ({"ca_file": str(ca_file)}, True), ({"verify": False}, True)]:
        archiver = await _connect(tmp_path, server.url, **settings)
        fault = (await _fetch(archiver, "SR:CUR")).fault
        assert (fault is None) is is_trusted
        assert fault is None or (fault.kind is ErrorKind.UNREACHABLE and "CERTIFICATE_VERIFY_FAILED" in fault.message)
        await archiver.aclose()
    server.stop()


@pytest.mark.parametrize(
    "section",
    [
        {},
        {"url": "archiver:17668"},
        {"url": "ftp://archiver"},
        {"url": "http://me:secret@archiver"},
        {"url": "http://archiver?x=1"},
        {"url": "http://a", "format": "xml"},
        {"url": "http://a", "reduction": "guess"},
        {"url": "http://a", "timeout_s": 0},
        {"url": "http://a", "timeout_s": math.nan},
        {"url": "http://a", "max_points": 0},
        {"url": "http://a", "max_bytes": -1},
        {"url": "http://a", "concurrency": 65},
        {"url": "http://a", "secret_headers": {"a b": "x"}},
        {"url": "http://a", "secret_headers": {"A": "x\r\nB: y"}},
        {"url": "http://a", "colour": "red"},
    ],
)
def test_a_setting_that_makes_no_sense_is_an_error(section: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        structure_settings(ApplianceSettings, section, "archiver.archiver-appliance")


@given(
    cuts=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.binary(min_size=1, max_size=3)), max_size=6),
    keep=st.floats(0, 1),
    form=st.sampled_from([(parse_json, as_json), (parse_raw, _as_raw)]),
)
def test_a_garbled_answer_is_samples_or_a_fault(cuts: list[tuple[float, bytes]], keep: float, form: Any) -> None:
    parse, write = form
    body = bytearray(b"".join(write("SR:CUR", "mA", STORE["SR:CUR"].events[:40])))
    for place, garbage in cuts:
        at = int(place * len(body))
        body[at : at + len(garbage)] = garbage
    try:
        samples = parse(bytes(body[: int(keep * len(body))]))
    except (AnswerError, UndecodableError):
        return
    assert len(samples.times_ns) == len(samples.values) == len(samples.severities)
    assert set(samples.severities.tolist()) <= {0, 1, 2, 3}


@given(
    start=st.integers(0, 4 * 10**9 * S),
    seconds=st.floats(1e-9, 40 * YEAR),
    points=st.integers(1, 100_000),
    reduction=st.sampled_from(list(Reduction)),
)
def test_the_server_never_makes_more_bins_than_the_budget(
    start: int, seconds: float, points: int, reduction: Reduction
) -> None:
    span = ArchiveSpan(start_ns=start, end_ns=start + max(1, int(seconds * S)), max_points=points)
    question = reduced(span, points, reduction)
    first_s, last_s = span.start_ns // 10**6 // 1000, -(-span.end_ns // 10**6) // 1000
    width = question.argument
    if reduction is Reduction.OPTIMIZED:
        width = max(1, (last_s - first_s) // question.argument)
        assert question.argument <= points
        assert width == question.width_s or last_s == first_s
    bins = last_s // width - first_s // width + 1
    assert bins <= max(points, 3)
