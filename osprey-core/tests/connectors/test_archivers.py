"""The seeds' archiver calls, on any archiver."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from osprey.connectors.archiver.base import ArchiverConnector, ArchiverMetadata
from osprey.connectors.control_system.base import ChannelTimeoutError
from osprey.connectors.factory import ConnectorFactory
from osprey.control import ArchiveInfo, ArchiveSeries, ErrorKind, Fault, MockConnector
from osprey.errors import ConfigError, UsageError
from osprey.project import open_project

pytestmark = pytest.mark.anyio
S = 10**9
START = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
CONFIG = """
facility: {time_zone: Europe/Zurich}
control_system:
  default_target: bench
  targets:
    bench: {connector: mock, archiver: past}
    bare: {connector: mock}
"""


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request):
    return request.param


class Past:
    """One sample a second of A; B is not archived, C does not answer."""

    asked = None

    @classmethod
    async def connect(cls, context):
        del context
        return cls()

    async def aclose(self):
        pass

    async def fetch(self, channels, span, *, timeout_s):
        Past.asked = (span, timeout_s)
        return [self._series(channel, span) for channel in channels]

    def _series(self, channel, span):
        if channel != "A":
            return ArchiveSeries(channel=channel, fault=self._fault(channel))
        times = np.arange(span.start_ns, span.end_ns, S)
        values = np.arange(len(times), dtype=float)
        return ArchiveSeries(
            channel=channel,
            unit="A",
            times_ns=times,
            values=values,
            severities=np.zeros(len(times), np.int8),
            coverage="no samples before 2026",
        )

    def _fault(self, channel):
        kind = ErrorKind.NOT_FOUND if channel == "B" else ErrorKind.TIMEOUT
        return Fault(channel=channel, kind=kind, message="not archived" if channel == "B" else "silent")

    async def describe(self, channels, *, timeout_s):
        del timeout_s
        info = ArchiveInfo(channel="A", is_archived=True, first_ns=S, period_s=1.0, description="a current")
        paused = ArchiveInfo(channel="P", is_archived=False)
        return [{"A": info, "P": paused}.get(channel) or self._fault(channel) for channel in channels]

    async def search(self, pattern, *, limit, timeout_s):
        return []


class Plugins:
    def entry(self, point, name):
        del point, name
        return SimpleNamespace(registration=SimpleNamespace(simulated=True, folds_case=False, value_field=""))

    def resolve(self, point, name):
        del name
        return MockConnector if point == "connectors" else Past

    def settings_class(self, point, name):
        del point, name

    def names(self, point):
        return ("mock",) if point == "connectors" else ("past",)


@pytest.fixture
async def archiver(tmp_path):
    (tmp_path / "config.yml").write_text(CONFIG)
    async with open_project(tmp_path) as project:
        project.part("registry", lambda _: Plugins())
        with project.activate():
            opened = await ConnectorFactory.create_archiver_connector()
            assert isinstance(opened, ArchiverConnector)
            yield opened
            await opened.disconnect()


async def test_past_values_are_a_table_with_times_in_utc(archiver):
    frame = await archiver.get_data(["A"], START, START + timedelta(seconds=10))
    assert list(frame.columns) == ["A"]
    assert frame["A"].tolist() == list(range(10))
    assert str(frame.index.tz) == "UTC"
    assert frame.index[0] == START
    assert frame.attrs["units"] == {"A": "A"}
    assert frame.attrs["coverage"] == {"A": "no samples before 2026"}


async def test_a_channel_without_past_values_is_an_empty_column_with_its_reason(archiver):
    frame = await archiver.get_data(["B", "A", "C"], START, START + timedelta(seconds=3))
    assert list(frame.columns) == ["B", "A", "C"]
    assert frame["B"].isna().all()
    assert frame["A"].tolist() == [0, 1, 2]
    assert frame.attrs["faults"] == {"B": "not archived", "C": "silent"}
    assert list((await archiver.get_data(["B"], START, START + timedelta(seconds=3))).columns) == ["B"]


async def test_the_precision_is_the_budget_of_points_and_the_timeout_is_passed_on(archiver):
    await archiver.get_data(["A"], START, START + timedelta(seconds=100), precision_ms=10_000, timeout=7.0)
    span, timeout_s = Past.asked
    assert (span.max_points, timeout_s) == (10, 7.0)
    assert span.end_ns - span.start_ns == 100 * S
    await archiver.get_data(["A"], START - timedelta(hours=2), START, precision_ms=1)
    assert Past.asked[0].max_points == 100_000


async def test_a_date_without_a_zone_is_of_the_facility(archiver):
    naive = datetime(2026, 11, 20, 9, 0)
    await archiver.get_data(["A"], naive, naive + timedelta(seconds=2))
    assert Past.asked[0].start_ns == int(naive.replace(tzinfo=ZoneInfo("Europe/Zurich")).timestamp()) * S


@pytest.mark.parametrize("hour", [datetime(2026, 10, 25, 2, 30), datetime(2026, 3, 29, 2, 30)])
async def test_an_hour_that_is_twice_or_never_is_asked(archiver, hour):
    with pytest.raises(UsageError, match="give a time zone"):
        await archiver.get_data(["A"], hour, hour + timedelta(days=2))


async def test_dates_and_precisions_without_a_meaning_are_refused(archiver):
    with pytest.raises(UsageError, match="ends"):
        await archiver.get_data(["A"], START, START)
    with pytest.raises(UsageError, match="precision_ms"):
        await archiver.get_data(["A"], START, START + timedelta(1), precision_ms=0)


async def test_the_archive_is_asked_what_it_has(archiver):
    known = await archiver.get_metadata("A")
    assert known == ArchiverMetadata("A", True, datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC), None, 1.0, "a current")
    assert not (await archiver.get_metadata("B")).is_archived
    assert await archiver.check_availability(["A", "B", "P"]) == {"A": True, "B": False, "P": False}


async def test_unknown_is_no_no(archiver):
    with pytest.raises(ChannelTimeoutError, match="does not answer"):
        await archiver.check_availability(["A", "C"])
    with pytest.raises(ChannelTimeoutError):
        await archiver.get_metadata("C")


async def test_a_target_without_an_archiver_says_so(archiver):
    with pytest.raises(ConfigError, match="has no archiver"):
        await ConnectorFactory.create_archiver_connector({"target": "bare"})


async def test_the_archivers_that_can_be_used_are_listed(archiver):
    assert ConnectorFactory.list_archivers() == ["past"]
