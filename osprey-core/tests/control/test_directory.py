"""Finding channels by name, by kind and place, and by words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osprey.control import ChannelRecord
from osprey.control.channels.directory import ChannelDirectory


def _record(name: str, **details: object) -> ChannelRecord:
    return ChannelRecord(name=name, **details)  # pyright: ignore[reportArgumentType]


def _directory() -> ChannelDirectory:
    records = [
        _record(
            f"SR:S{sector:02d}:HCM{sector:02d}:CURRENT:{tail}",
            description=f"Horizontal corrector {sector} current",
            device=f"HCM{sector:02d}",
            family="HCM",
            family_words=("horizontal corrector",),
            sector=sector,
            quantity="current",
            role=role,
            aliases=(f"HCM{sector:02d}:{tail}",),
        )
        for sector in range(1, 13)
        for tail, role in (("SP", "setpoint"), ("RB", "readback"))
    ]
    records += [
        _record(
            f"SR:S{sector:02d}:VG{sector:02d}:PRESSURE",
            description="Pressure of the arc",
            device=f"VG{sector:02d}",
            family="VG",
            family_words=("vacuum gauge",),
            sector=sector,
            quantity="pressure",
        )
        for sector in range(1, 13)
    ]
    records.append(
        _record(
            "SR:DCCT:CURRENT",
            description="Stored beam current",
            device="DCCT",
            family="DCCT",
            family_words=("current transformer", "stored beam"),
            quantity="current",
            aliases=("BEAM_CURRENT",),
        )
    )
    records.append(_record("SR:DCCT:LIFETIME", device="DCCT", family="DCCT", quantity="lifetime"))
    return ChannelDirectory(records)


DIRECTORY = _directory()


@pytest.mark.parametrize("name", ["SR:DCCT:CURRENT", "SR:DCCT:CURRENT.VAL", "BEAM_CURRENT", "BEAM_CURRENT.VAL"])
def test_a_channel_is_got_by_name_alias_and_value_field(name: str) -> None:
    record = DIRECTORY.get(name)
    assert record is not None
    assert record.name == "SR:DCCT:CURRENT"


@pytest.mark.parametrize("name", ["", "SR:DCCT", "SR:DCCT:CURRENT.DESC", "sr:dcct:current", "SR:DCCT:CURRENT.VAL.VAL"])
def test_another_name_gets_nothing(name: str) -> None:
    assert DIRECTORY.get(name) is None


def test_criteria_select_together() -> None:
    records = DIRECTORY.select(family="HCM", sector=3, role="setpoint")
    assert [record.name for record in records] == ["SR:S03:HCM03:CURRENT:SP"]
    assert len(DIRECTORY.select(quantity="pressure")) == 12
    assert len(DIRECTORY.select(device="DCCT")) == 2
    assert len(DIRECTORY.select()) == len(DIRECTORY)


@pytest.mark.parametrize("name", ["HCM03", "hcm03", "HCM 03"])
def test_a_device_is_named_without_regard_to_case_and_blanks(name: str) -> None:
    assert {record.role for record in DIRECTORY.named(name)} == {"setpoint", "readback"}


def test_leading_zeros_are_near_and_not_the_same() -> None:
    assert DIRECTORY.named("HCM3") == []
    assert DIRECTORY.nearly_named("HCM3") == ("HCM03",)
    assert DIRECTORY.nearly_named("HCM 3") == ("HCM03",)
    assert DIRECTORY.nearly_named("HCM30") == ()


@pytest.mark.parametrize(
    ("wanted", "closest"),
    [
        ("HCM93", "HCM03"),
        ("HCN07", "HCM07"),
        ("DCTT", "DCCT"),
        ("SR:S02:HCM02:CURENT:SP", "SR:S02:HCM02:CURRENT:SP"),
    ],
)
def test_the_closest_name_is_first(wanted: str, closest: str) -> None:
    assert DIRECTORY.closest(wanted)[0] == closest


def test_nothing_is_close_to_nonsense() -> None:
    assert DIRECTORY.closest("qqqqqqqqqq") == []


def test_matching_needs_every_word_and_prefers_the_quantity() -> None:
    assert [record.name for record in DIRECTORY.matching(["beam", "current"])] == ["SR:DCCT:CURRENT"]
    assert len(DIRECTORY.matching(["horizontal", "correctors"], sectors=(2, 3))) == 4
    assert DIRECTORY.matching(["horizontal", "nonsense"]) == []
    assert DIRECTORY.matching(["arc"]) == []
    assert len(DIRECTORY.matching(["arc"], with_descriptions=True)) == 12


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("beam current", "SR:DCCT:CURRENT"),
        ("vacuum sector 4", "SR:S04:VG04:PRESSURE"),
        ("vacuum in S04", "SR:S04:VG04:PRESSURE"),
        ("presure sector 4", "SR:S04:VG04:PRESSURE"),
        ("horizontl corector sector 7", "SR:S07:HCM07:CURRENT:RB"),
        ("horizontal steerer setpoint sector 7", "SR:S07:HCM07:CURRENT:SP"),
        ("lifetime", "SR:DCCT:LIFETIME"),
        ("HCM05:SP", "SR:S05:HCM05:CURRENT:SP"),
        ("hcm05", "SR:S05:HCM05:CURRENT:RB"),
        ("which channels measure the pressure of the arc in sector 2", "SR:S02:VG02:PRESSURE"),
    ],
)
def test_a_search_by_words_finds_first_what_was_meant(query: str, first: str) -> None:
    assert DIRECTORY.search(query)[0].name == first


def test_a_search_for_a_quantity_gives_nothing_else() -> None:
    assert {record.quantity for record in DIRECTORY.search("vacuum", limit=100)} == {"pressure"}


@pytest.mark.parametrize("query", ["pressure in sectors 2 and 3", "pressure sectors 2, 3", "S02 S03 pressure"])
def test_several_sectors_can_be_searched(query: str) -> None:
    assert {record.sector for record in DIRECTORY.search(query)} == {2, 3}


def test_a_sector_alone_gives_all_that_is_in_it() -> None:
    assert {record.sector for record in DIRECTORY.search("sector 4", limit=100)} == {4}
    assert len(DIRECTORY.search("sector 4", limit=100)) == 3


def test_a_search_has_a_limit_and_can_find_nothing() -> None:
    assert len(DIRECTORY.search("horizontal corrector", limit=5)) == 5
    assert DIRECTORY.search("qqqqqqq") == []
    assert DIRECTORY.search("") == []
    assert ChannelDirectory(()).search("anything") == []


def test_devices_and_sectors_are_listed() -> None:
    assert DIRECTORY.devices[0] == "HCM01"
    assert DIRECTORY.sectors == tuple(range(1, 13))


@given(st.text(max_size=60))
def test_no_query_raises(text: str) -> None:
    DIRECTORY.search(text)
    DIRECTORY.closest(text)
    DIRECTORY.named(text)
    DIRECTORY.matching(text.split())
