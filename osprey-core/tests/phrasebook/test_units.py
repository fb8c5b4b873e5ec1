"""The table of units."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osprey.models.phrasebook import UnitMismatchError, convert, find_unit, similar_units


@pytest.mark.parametrize(
    ("number", "unit", "to", "value"),
    [
        ("500", "mA", "A", 0.5),
        ("0.1", "A", "mA", 100.0),
        ("499.654", "MHz", "Hz", 499_654_000.0),
        ("10", "µm", "mm", 0.01),
        ("10", "micron", "um", 10.0),
        ("1", "bar", "mbar", 1000.0),
        ("1013.25", "mbar", "Pa", 101_325.0),
        ("760", "Torr", "Pa", 101_325.0),
        ("1", "T", "G", 10_000.0),
        ("2", "hours", "min", 120.0),
        ("50", "%", "percent", 50.0),
        ("3", "milliamps", "A", 0.003),
        ("7", "counts", "counts", 7.0),
    ],
)
def test_a_number_converts_exactly(number: str, unit: str, to: str, value: float) -> None:
    assert convert(number, unit, to) == value


@pytest.mark.parametrize(("unit", "to"), [("V", "A"), ("mm", "A"), ("degC", "K"), ("A", "furlong"), ("counts", "A")])
def test_units_of_different_things_do_not_convert(unit: str, to: str) -> None:
    with pytest.raises(UnitMismatchError):
        convert("1", unit, to)


def test_case_decides_and_is_forgiven_only_where_one_unit_can_be_meant() -> None:
    assert find_unit("mHz") != find_unit("MHz")
    khz = find_unit("khz")
    assert khz is not None
    assert khz.symbol == "kHz"
    assert find_unit("ma") is None
    assert similar_units("ma") == ("MA", "mA")


@pytest.mark.parametrize("number", ["nan", "inf", "-inf"])
def test_what_is_not_finite_stays_what_it_is(number: str) -> None:
    assert repr(convert(number, "mA", "A")) == number


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**9), max_value=10**9))
def test_there_and_back_gives_the_number(number: object) -> None:
    text = str(number)
    assert convert(repr(convert(text, "A", "mA")), "mA", "A") == pytest.approx(float(text), rel=1e-15)
