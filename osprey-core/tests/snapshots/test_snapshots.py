"""Snapshots as values and files: exact, sealed, compared with the tolerance of the limits, and the way back."""

from __future__ import annotations

import json
import math
from pathlib import Path
from types import SimpleNamespace

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from osprey.control import (
    ChannelDirectory,
    ChannelRecord,
    DType,
    ErrorKind,
    Fault,
    MockConnector,
    MockSettings,
    Reading,
    Severity,
)
from osprey.control.limits.limit_entry import LimitEntry
from osprey.control.limits.limits import Limits
from osprey.control.mock.connector import MockFault
from osprey.control.snapshots import (
    Grouping,
    Order,
    Snapshot,
    SnapshotFolder,
    Tolerances,
    capture,
    compare,
    way_back,
)
from osprey.control.snapshots.snapshot import dump, load
from osprey.errors import UsageError

SP, SP2, RB = "SR:01:HCM1:SP", "SR:01:HCM2:SP", "SR:01:HCM1:RB"


def reading(channel, value, dtype=DType.FLOAT, **details):
    shape = (len(value),) if isinstance(value, list) else ()
    return Reading(channel=channel, value=value, dtype=dtype, shape=shape, received_ns=1, **details)


def snapshot_of(*results, **details):
    facts = {"name": "s", "target": "bench", "simulated": True, "saved_ns": 1_790_000_000_123_456_789, "saved_by": "me"}
    return Snapshot(**{**facts, **details}, results=tuple(results))


VALUES = st.one_of(
    st.tuples(st.just(DType.FLOAT), st.floats()),
    st.tuples(st.just(DType.FLOAT), st.lists(st.floats(), min_size=1, max_size=5)),
    st.tuples(st.sampled_from([DType.INT, DType.ENUM]), st.integers(-(2**70), 2**70)),
    st.tuples(st.just(DType.BOOL), st.booleans()),
    st.tuples(st.just(DType.STR), st.text()),
)
NAMES = st.text(min_size=1, max_size=30)


@given(st.dictionaries(NAMES, VALUES, max_size=8), NAMES, NAMES)
def test_a_document_gives_back_every_bit(values, unit, note):
    results = [
        reading(name, value, dtype, unit=unit, severity=Severity.MINOR, alarm=note, source_ns=2**62 + 1)
        for name, (dtype, value) in values.items()
    ]
    saved = snapshot_of(*results, Fault(channel="gone", kind=ErrorKind.TIMEOUT, message=note), note=note)
    back = load(dump(saved), "file")
    assert repr(back) == repr(saved), "repr, because NaN does not equal itself"


def test_a_document_can_be_read_by_a_person_and_changed_by_none():
    text = dump(snapshot_of(reading("A", 2.5, unit="mm"), reading("B", math.nan)))
    document = json.loads(text)
    assert [entry["value"] for entry in document["channels"]] == [2.5, "nan"]
    assert sum('"channel"' in line for line in text.splitlines()) == 2
    for old, new in (("2.5", "2.6"), ('"mm"', '"m"'), ("0x1.4", "0x1.5"), ('"me"', '"you"')):
        assert old in text
        with pytest.raises(UsageError, match="not as it was saved"):
            load(text.replace(old, new, 1), "file")


@pytest.mark.parametrize("text", ["", "[]", "{}", "null", "3", '{"sha256": 1}', "{", '{"osprey_snapshot": 1}'])
def test_what_is_no_snapshot_says_so(text):
    with pytest.raises(UsageError, match=r"no snapshot|not as it was saved"):
        load(text, "file")


def test_a_later_version_is_refused():
    import hashlib

    document = {"osprey_snapshot": 2, "channels": []}
    canonical = json.dumps(document, sort_keys=True, separators=(",", ":"))
    seal = hashlib.sha256(canonical.encode()).hexdigest()
    with pytest.raises(UsageError, match="update Osprey"):
        load(json.dumps({**document, "sha256": seal}), "file")


def test_the_folder_keeps_what_it_was_given_and_nothing_else(tmp_path: Path):
    folder = SnapshotFolder(tmp_path)
    assert folder.names() == []
    first, second = snapshot_of(reading("A", 1.0)), snapshot_of(reading("A", 2.0))
    folder.save(first)
    with pytest.raises(UsageError, match="--replace"):
        folder.save(second)
    assert folder.load("s") == first
    folder.save(second, replace=True)
    assert folder.load("s") == second
    assert [file.name for file in folder.path.iterdir()] == ["s.json"]
    with pytest.raises(UsageError, match="did you mean 's1'"):
        folder.save(evolve(first, name="s1"))
        folder.load("s11")


@pytest.mark.parametrize("name", ["", "../x", "a/b", ".hidden", "machine", "a b", "x" * 101, "a\nb", "ä"])
def test_a_name_that_no_file_should_have_is_refused(tmp_path: Path, name):
    with pytest.raises(UsageError, match="cannot be named"):
        SnapshotFolder(tmp_path).file(name)


def by_channel(*results):
    return {result.channel: result for result in results}


def test_the_largest_change_comes_first_and_texts_before_all():
    before = by_channel(
        reading("small", 100.0), reading("large", 1.0), reading("text", "a", DType.STR), reading("same", 5.0)
    )
    after = by_channel(
        reading("small", 101.0), reading("large", 2.0), reading("text", "b", DType.STR), reading("same", 5.0)
    )
    found = compare(before, after, Tolerances())
    assert [change.before.channel for change in found.changes] == ["text", "large", "small"]
    assert [change.size for change in found.changes] == [None, 1.0, 1.0]
    assert found.same == ("same",)


LIMITS = Limits(entries={"A": LimitEntry(tolerance_absolute=0.5), "P": LimitEntry(tolerance_percent=10.0)})


@pytest.mark.parametrize(
    ("channel", "old", "new", "tolerances", "is_same"),
    [
        ("A", 1.0, 1.5, Tolerances(limits=LIMITS), True),
        ("A", 1.0, 1.51, Tolerances(limits=LIMITS), False),
        ("A", 1.0, 1.51, Tolerances(limits=LIMITS, absolute=1.0), True),
        ("P", 10.0, 10.9, Tolerances(limits=LIMITS), True),
        ("P", 10.0, 11.1, Tolerances(limits=LIMITS), False),
        ("X", 1.0, 1.0 + 1e-9, Tolerances(limits=LIMITS), True),
        ("X", 1.0, 1.001, Tolerances(limits=LIMITS), False),
        ("X", math.nan, math.nan, Tolerances(), True),
        ("X", math.nan, 1.0, Tolerances(absolute=1e9), False),
        ("X", math.inf, math.inf, Tolerances(), True),
        ("X", [1.0, math.nan], [1.0, math.nan], Tolerances(), True),
        ("X", [1.0, 2.0], [1.0], Tolerances(absolute=1e9), False),
    ],
)
def test_the_tolerance_is_that_of_the_limits_unless_one_is_given(channel, old, new, tolerances, is_same):
    found = compare(by_channel(reading(channel, old)), by_channel(reading(channel, new)), tolerances)
    assert bool(found.same) is is_same
    assert len(found.changes) == (not is_same)


def test_a_state_is_another_one_whatever_the_tolerance():
    old, new = reading("E", 0, DType.ENUM), reading("E", 1, DType.ENUM)
    assert compare(by_channel(old), by_channel(new), Tolerances(absolute=5.0)).changes


def test_another_unit_is_a_change_of_equal_numbers():
    found = compare(by_channel(reading("A", 1.0, unit="mm")), by_channel(reading("A", 1.0, unit="m")), Tolerances())
    assert found.changes[0].is_of_another_unit


def test_what_one_side_has_no_value_for_is_named():
    gone = Fault(channel="A", kind=ErrorKind.TIMEOUT, message="silent")
    other = reading("A", 1.0)
    for before, after in ((gone, other), (other, gone), (gone, gone)):
        assert compare(by_channel(before), by_channel(after), Tolerances()).unreadable == (gone,)
    (absent,) = compare(by_channel(other), {}, Tolerances()).unreadable
    assert absent.message == "it is not among the others"


@pytest.fixture
def target():
    """What the way back asks of a target."""
    records = [
        ChannelRecord(name=SP, device="HCM1", family="HCM"),
        ChannelRecord(name=SP2, device="HCM2", family="HCM"),
    ]

    async def directory():
        return ChannelDirectory(records)

    return SimpleNamespace(
        name="bench",
        simulated=True,
        connector=MockConnector(MockSettings(noise=0.0)),
        config=SimpleNamespace(read_timeout_s=1.0),
        limits=Limits(),
        directory=directory,
    )


@pytest.mark.anyio
async def test_the_way_back_has_what_changed_and_can_be_written(target):
    mock = target.connector
    names = [SP, SP2, RB, "SR:WF", "OP:Title", "BL:Shutter", "GONE", "NAN:SP"]
    mock.inject("GONE", MockFault.GONE)
    mock.inject("NAN:SP", MockFault.NAN)
    saved = await capture(target, names, name="s", saved_by="me")
    mock.heal("NAN:SP")
    mock.change(SP, 9.0)
    mock.change("OP:Title", "another")
    way = await way_back(target, saved)
    assert [[item.channel for item in group] for group in way.groups] == [[SP], ["OP:Title"]]
    assert way.groups[0][0].value == saved.by_channel()[SP].value
    assert way.groups[0][0].unit == "A"
    assert set(way.unchanged) == {SP2, "SR:WF", "BL:Shutter"}
    assert dict(way.left_out).keys() == {"GONE", RB, "NAN:SP"}
    assert dict(way.left_out)[RB] == "is read-only"
    assert dict(way.left_out)["GONE"].startswith("had no value when it was saved")
    assert mock.puts == []


@pytest.mark.anyio
async def test_what_cannot_be_read_now_is_named_and_left_out(target):
    saved = await capture(target, [SP, SP2], name="s", saved_by="me")
    target.connector.change(SP, 9.0)
    target.connector.inject(SP2, MockFault.GONE)
    way = await way_back(target, saved)
    assert [item.channel for group in way.groups for item in group] == [SP]
    assert dict(way.left_out)[SP2].startswith("cannot be read now")


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("order", "grouping", "groups"),
    [
        (Order.SAVED, Grouping.EACH, [[SP2], [SP], ["X:SP"]]),
        (Order.REVERSED, Grouping.EACH, [["X:SP"], [SP], [SP2]]),
        (Order.NAME, Grouping.ALL, [[SP, SP2, "X:SP"]]),
        (Order.SAVED, Grouping.FAMILY, [[SP2, SP], ["X:SP"]]),
        (Order.SAVED, Grouping.DEVICE, [[SP2], [SP], ["X:SP"]]),
    ],
)
async def test_writes_are_ordered_and_grouped_as_asked(target, order, grouping, groups):
    saved = await capture(target, [SP2, SP, "X:SP"], name="s", saved_by="me")
    for name in (SP, SP2, "X:SP"):
        target.connector.change(name, 9.0)
    way = await way_back(target, saved, order=order, grouping=grouping)
    assert [[item.channel for item in group] for group in way.groups] == groups


@pytest.mark.anyio
async def test_a_snapshot_is_brought_back_to_its_own_target_only(target):
    saved = evolve(await capture(target, [SP], name="s", saved_by="me"), target="other")
    with pytest.raises(UsageError, match="is of target 'other'"):
        await way_back(target, saved)


@pytest.mark.anyio
async def test_a_capture_reads_each_channel_once_and_a_capture_of_nothing_is_refused(target):
    saved = await capture(target, [SP, SP2, SP], name="s", saved_by="me")
    assert [result.channel for result in saved.results] == [SP, SP2]
    with pytest.raises(UsageError, match="no channels"):
        await capture(target, [], name="s", saved_by="me")


@pytest.mark.anyio
async def test_ten_thousand_channels_go_there_and_back(target, tmp_path):
    saved = await capture(target, [f"MANY:{n}:SP" for n in range(10_000)], name="many", saved_by="me")
    folder = SnapshotFolder(tmp_path)
    folder.save(saved)
    assert folder.load("many") == saved
    assert (await way_back(target, folder.load("many"))).groups == ()
