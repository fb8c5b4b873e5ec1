"""The channel list: complete, consistent, and found by the words that people use."""

from __future__ import annotations

from collections import Counter

import pytest

from osprey_sim.catalogue import ring_catalogue
from osprey_sim.records import DESCRIPTION_CHARS, shorten

CATALOGUE = ring_catalogue()
RECORDS = [channel.record for channel in CATALOGUE.channels]


def found(pattern: str, limit: int = 1000) -> set[str]:
    return {record.name for record in CATALOGUE.search(pattern, limit)}


def test_there_are_at_least_300_channels_with_descriptions() -> None:
    assert len(RECORDS) >= 300
    assert all(record.description and record.device and record.family_words for record in RECORDS)


def test_names_and_aliases_are_unique() -> None:
    names = Counter([*(r.name for r in RECORDS), *(alias for r in RECORDS for alias in r.aliases)])
    assert max(names.values()) == 1


def test_a_device_name_is_in_one_sector_only() -> None:
    sectors: dict[str, set[int | None]] = {}
    for record in RECORDS:
        sectors.setdefault(record.device, set()).add(record.sector)
    assert all(len(found) == 1 for found in sectors.values())


def test_the_horizontal_correctors_of_sector_2_are_03_and_04() -> None:
    assert {r.device for r in RECORDS if r.family == "HCM" and r.sector == 2} == {"HCM03", "HCM04"}


def test_sector_4_has_several_vacuum_gauges() -> None:
    assert len({r.device for r in RECORDS if r.family == "VG" and r.sector == 4}) >= 3


@pytest.mark.parametrize(("family", "count"), [("HCM", 24), ("VCM", 24), ("BPM", 48), ("QF", 24), ("QD", 24)])
def test_the_families_have_their_number_of_devices(family: str, count: int) -> None:
    assert len({r.device for r in RECORDS if r.family == family}) == count


def test_every_setpoint_names_its_read_back_in_the_same_unit() -> None:
    for channel in CATALOGUE.channels:
        assert channel.is_writable == (channel.record.role == "setpoint") == channel.record.name.endswith(":SP")
        if channel.is_writable:
            number = CATALOGUE.number(channel.record.readback or "")
            assert number is not None
            assert CATALOGUE.channels[number].record.unit == channel.record.unit
            assert None not in (channel.drive.low, channel.drive.high)


def test_devices_of_a_family_are_numbered_along_the_beam() -> None:
    for family in ("HCM", "VCM", "BPM", "QF", "VG"):
        devices = {r.device: r.position_m for r in RECORDS if r.family == family}
        positions = [devices[name] for name in sorted(devices)]
        assert positions == sorted(positions)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("vacuum sector 4", "SR:S04:VG07:PRESSURE:RB"),
        ("pressure", "SR:S04:VG08:PRESSURE:RB"),
        ("horizontal correctors", "SR:S02:HCM03:CURRENT:SP"),
        ("beam current", "SR:S01:DCCT01:CURRENT:RB"),
        ("HCM03", "SR:S02:HCM03:CURRENT:RB"),
        ("horizontal orbit", "SR:S01:BPM01:X:RB"),
        ("quadrupoles sector 7", "SR:S07:QF13:CURRENT:SP"),
        ("betatron tune", "SR:S03:TUNE01:TUNE_X:RB"),
        ("sr:s04:*pressure*", "SR:S04:VG07:PRESSURE:RB"),
        ("ion pumps", "SR:S01:IP01:CURRENT:RB"),
    ],
)
def test_words_find_their_channels(words: str, expected: str) -> None:
    assert expected in found(words)


def test_words_of_something_else_find_nothing() -> None:
    assert found("helium compressor") == set()
    assert "SR:S01:DCCT01:CURRENT:RB" not in found("vacuum")


def test_the_nearest_names_are_offered_for_a_wrong_one() -> None:
    assert "SR:S02:HCM03:CURRENT:SP" in CATALOGUE.closest("sr:s02:hcm03:curent:sp")


@pytest.mark.parametrize(
    ("text", "short"),
    [
        ("Stored beam current", "Stored beam current"),
        ("Horizontal corrector HCM03 current setpoint", "Horizontal corrector HCM03 current"),
        ("x" * 60, "x" * 40),
        ("y" * 40, "y" * 40),
    ],
)
def test_a_description_is_cut_at_a_word_to_fit_a_record(text: str, short: str) -> None:
    assert shorten(text) == short


def test_every_description_fits_a_record() -> None:
    assert all(0 < len(shorten(record.description)) <= DESCRIPTION_CHARS for record in RECORDS)
