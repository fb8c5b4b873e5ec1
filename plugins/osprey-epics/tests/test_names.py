"""The parts of a channel's name."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osprey_epics.names import ChannelName, explain_bad_name, parse_name

RECORDS = st.from_regex(r"[A-Za-z0-9_:;<>\[\]-]{1,60}", fullmatch=True)
FIELDS = st.from_regex(r"[A-Z][A-Z0-9]{0,3}", fullmatch=True)


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("SR:HCM01", ("SR:HCM01", "VAL", "")),
        ("SR:HCM01.VAL", ("SR:HCM01", "VAL", "")),
        ("SR:HCM01.", ("SR:HCM01", "VAL", "")),
        ("SR:HCM01.DRVH", ("SR:HCM01", "DRVH", "")),
        ("SR:HCM01.VAL$", ("SR:HCM01", "VAL", "$")),
        ("SR:HCM01.$", ("SR:HCM01", "VAL", "$")),
        ("SR:HCM01$", ("SR:HCM01", "VAL", "$")),
        ("SR:WF.VAL[0:3]", ("SR:WF", "VAL", "[0:3]")),
        ("SR:WF.[2]", ("SR:WF", "VAL", "[2]")),
        ('SR:X.{"dbnd":{"d":1}}', ("SR:X", "VAL", '{"dbnd":{"d":1}}')),
        ('SR:X.VAL{"ts":{}}', ("SR:X", "VAL", '{"ts":{}}')),
        ('SR:X{"ts":{}}', ("SR:X", "VAL", '{"ts":{}}')),
        ("SR:X.VAL.VAL", ("SR:X", "VAL", ".VAL")),
    ],
)
def test_a_name_is_taken_apart_as_an_ioc_does(name: str, parts: tuple[str, str, str]) -> None:
    assert parse_name(name) == ChannelName(*parts)


@given(RECORDS, FIELDS)
def test_a_record_and_a_field_come_back(record: str, field: str) -> None:
    assert parse_name(record) == ChannelName(record, "VAL", "")
    assert parse_name(f"{record}.{field}") == ChannelName(record, field, "")


@given(st.text())
def test_nothing_of_a_name_is_lost_without_a_modifier_to_show_for_it(name: str) -> None:
    parts = parse_name(name)
    if not parts.modifier:
        assert name in (parts.record, f"{parts.record}.", f"{parts.record}.{parts.field}")


@pytest.mark.parametrize("name", ["", "A B", "A\tB", "SR:X\0.VAL", "SR:X\n"])
def test_a_name_that_libca_would_cut_or_reject_is_explained(name: str) -> None:
    assert explain_bad_name(name)


@pytest.mark.parametrize("name", ["SR:X", "SR:X.VAL", 'SR:X.{"arr": {"s": 1}}'])
def test_a_good_name_needs_no_explanation(name: str) -> None:
    assert explain_bad_name(name) == ""
