"""Time ranges, snapshots, and looking at what is there: each in a real turn."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from osprey.agent.state import TurnStatus
from osprey.approval import current_actor
from osprey.control import ArchiveSeries, targets_of
from osprey.journal import journal_of

pytestmark = pytest.mark.anyio

BEND, QUAD, BEAM = "BEND:CURRENT:SP", "QUAD:CURRENT:SP", "DCCT:CURRENT"
ZONE = "facility: {time_zone: Europe/Berlin}\n"


@pytest.mark.parametrize(
    "text", ["yesterday between 8 and 9", "between 8 and 9 yesterday", "yesterday from 08:00 to 9 am"]
)
async def test_a_span_in_words_becomes_one_in_the_zone_of_the_facility(open_bench, text: str) -> None:
    bench = await open_bench(ZONE)
    done = await bench.run(bench.step("when", "time_range", text=text))
    span = done.contexts["when"]
    zone = ZoneInfo("Europe/Berlin")
    day = datetime.now(zone).date() - timedelta(days=1)
    begins = datetime.fromtimestamp(span["start_ns"] / 1e9, tz=zone)
    assert (begins.date(), begins.hour, begins.minute) == (day, 8, 0)
    assert span["end_ns"] - span["start_ns"] == 3600 * 10**9
    assert (span["context_type"], span["time_zone"]) == ("TIME_RANGE", "Europe/Berlin")
    assert "08:00:00 CE" in done.answer


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "no span of time"),
        ("between 8 and 9", "no span of time"),
        ("in the days of old", "no span of time"),
        ("yesterday between 9 and 8", "ends before it starts"),
        ("last 2 hours and more", "no span of time"),
        ("x" * 5000, "up to 200 are read"),
        ("yesterday between 8 and 25", "no span of time"),
    ],
)
async def test_words_that_are_no_span_are_not_guessed(bench, text: str, told: str) -> None:
    done = await bench.run(bench.step("when", "time_range", text=text))
    assert done.status is TurnStatus.FAILED
    assert told in done.answer


async def test_an_archive_is_read_for_a_span_and_channels_that_earlier_steps_found(bench) -> None:
    asked: list[Any] = []

    class Archive:
        async def fetch(self, channels: Any, span: Any, *, timeout_s: float) -> list[ArchiveSeries]:
            asked.append((list(channels), span))
            return [ArchiveSeries(channel=c, times_ns=[span.start_ns], values=[1.0], severities=[0]) for c in channels]

        async def aclose(self) -> None: ...

    (await targets_of(bench.project).get()).archiver = Archive()
    done = await bench.run(
        bench.step("which", "channel_find", query="beam current"),
        bench.step("when", "time_range", text="last 2 hours"),
        bench.step("past", "archive_read", inputs={"CHANNEL_ADDRESSES": "which", "TIME_RANGE": "when"}),
    )
    assert done.status is TurnStatus.DONE, done.answer
    [(channels, span)] = asked
    when = done.contexts["when"]
    assert channels == [BEAM]
    assert (span.start_ns, span.end_ns) == (when["start_ns"], when["end_ns"])


@pytest.mark.parametrize(
    ("parameters", "told"),
    [
        ({}, "names no channel"),
        ({"channels": [BEAM]}, "needs start_ns and end_ns, or one TIME_RANGE"),
        ({"channels": [BEAM], "start_ns": "x", "end_ns": 1}, "are whole numbers of nanoseconds"),
        ({"channels": [BEAM], "start_ns": 2, "end_ns": 1}, "before the second"),
    ],
)
async def test_an_archive_is_not_read_without_channels_or_span(bench, parameters: Any, told: str) -> None:
    (await targets_of(bench.project).get()).archiver = _NoArchive()
    done = await bench.run(bench.step("past", "archive_read", **parameters))
    assert done.status is TurnStatus.FAILED
    assert told in done.answer


class _NoArchive:
    async def fetch(self, *args: object, **kwargs: object) -> list[Any]:
        raise AssertionError

    async def aclose(self) -> None: ...


async def test_a_snapshot_is_brought_back_by_an_approved_list_of_what_has_changed(bench) -> None:
    saved = await bench.run(bench.step("save", "snapshot_save", name="golden", channels=[BEND, QUAD, BEAM]))
    assert "Saved 3 of 3 channels of bench as snapshot 'golden'." in saved.answer
    assert saved.contexts["save"]["channels"] == [BEND, QUAD, BEAM]
    target = await targets_of(bench.project).get()
    [was] = await target.connector.read([BEND], timeout_s=5)
    moved = bench.step("move", "channel_write", groups=[[{"channel": BEND, "value": 3.25, "unit": "A"}]])
    await bench.approve(await bench.run(moved))
    asked = await bench.run(bench.step("back", "snapshot_restore", name="golden"))
    assert asked.status is TurnStatus.WAITING, asked.answer
    row = await journal_of(bench.project).requests.get(str(asked.approval))
    assert any("channels are as they were" in told for told in row.presentation["assumptions"])
    done = await bench.approve(asked)
    assert done.status is TurnStatus.DONE, done.answer
    [now] = await target.connector.read([BEND], timeout_s=5)
    assert now.value == pytest.approx(was.value, abs=0.01)


async def test_with_nothing_changed_nothing_is_asked(bench) -> None:
    await bench.run(bench.step("save", "snapshot_save", name="golden", channels=[BEND]))
    done = await bench.run(bench.step("back", "snapshot_restore", name="golden"))
    assert done.status is TurnStatus.DONE
    assert "There is nothing to bring back." in done.answer
    assert await journal_of(bench.project).requests.list() == []


@pytest.mark.parametrize(
    ("capability", "parameters", "told"),
    [
        ("snapshot_save", {"name": "../x", "channels": [BEND]}, "cannot be named"),
        ("snapshot_save", {"name": "x"}, "names no channel to save"),
        ("snapshot_restore", {"name": "nowhere"}, "there is no snapshot 'nowhere'"),
        ("snapshot_restore", {}, "needs the parameter 'name'"),
        ("context", {"op": "forget"}, "it has 'list' and 'show'"),
        ("context", {"op": "show", "key": "x"}, "no step has left 'x' behind; there is nothing"),
        ("status", {"about": "weather"}, "says nothing about 'weather'"),
        ("time_range", {"text": 7}, "is a text, not 7"),
        ("time_range", {}, "needs the parameter 'text'"),
        ("channel_find", {"query": ["x"]}, "'query' is a text, not ['x']"),
        ("channel_read", {"channels": 7}, "'channels' is a list of names, not 7"),
        ("channel_read", {"channels": BEND}, "'channels' is a list of names"),
        ("snapshot_save", {"channels": 3}, "'channels' is a list of names, not 3"),
        ("channel_write", {}, "needs the parameter 'groups'"),
        ("channel_write", {"groups": 7}, "is no list of writes"),
        ("channel_write", {"groups": [[{"value": 1}]]}, "the key 'channel' is missing"),
        ("channel_write", {"groups": [[{"channel": BEND, "delta": "x"}]]}, "is no list of writes"),
    ],
)
async def test_a_step_that_cannot_be_done_says_why(bench, capability: str, parameters: Any, told: str) -> None:
    done = await bench.run(bench.step("one", capability, **parameters))
    assert done.status is TurnStatus.FAILED
    assert told in done.answer


async def test_a_snapshot_is_not_written_over_unless_that_is_said(bench) -> None:
    step = bench.step("save", "snapshot_save", name="golden", channels=[BEND])
    await bench.run(step)
    assert "there is a snapshot 'golden' already" in (await bench.run(step)).answer
    again = await bench.run(bench.step("save", "snapshot_save", name="golden", channels=[BEND], replace=True))
    assert again.status is TurnStatus.DONE


async def test_a_restore_with_an_order_that_there_is_not_is_refused(bench) -> None:
    await bench.run(bench.step("save", "snapshot_save", name="golden", channels=[BEND]))
    done = await bench.run(bench.step("back", "snapshot_restore", name="golden", order="random"))
    assert "'order' is one of saved, reversed, name, not 'random'" in done.answer


async def test_what_was_left_behind_is_listed_and_shown_with_where_it_comes_from(bench) -> None:
    done = await bench.run(
        bench.step("which", "channel_find", query="beam current"),
        bench.step("list", "context"),
        bench.step("show", "context", op="show", key="which"),
    )
    assert "1 left behind, the latest last:\n  which: CHANNEL_ADDRESSES, of channel_find" in done.answer
    assert f'channels: ["{BEAM}"]' in done.answer
    assert "1 channel of bench" in done.answer


async def test_how_things_stand_is_said(bench) -> None:
    asked = await bench.run(bench.step("move", "channel_write", groups=[[{"channel": BEND, "value": 1.0}]]))
    await journal_of(bench.project).halt.set(current_actor(), "a quench")
    told = (await bench.run(bench.step("all", "status"))).answer
    assert "Writes are halted since" in told
    assert "a quench" in told
    assert f"1 waits for a decision:\n  {asked.approval}  Do move" in told
    assert "bench (default): mock, posture simulation, writes enabled" in told


async def test_what_is_configured_is_said_without_secrets(open_bench) -> None:
    settings = "approval:\n  people:\n    ann: {subjects: ['os:ann'], secret_hash: '%s'}\n"
    from osprey.approval.people import hash_secret

    hashed = hash_secret("a long enough secret 42")
    bench = await open_bench(settings % hashed)
    told = (await bench.run(bench.step("all", "status", about="configuration", keys="approval.people.*"))).answer
    assert "approval.people.ann.secret_hash: ********" in told
    assert hashed not in told
    assert (
        "No key of the configuration fits 'x'"
        in (await bench.run(bench.step("all", "status", about="configuration", keys="x"))).answer
    )
