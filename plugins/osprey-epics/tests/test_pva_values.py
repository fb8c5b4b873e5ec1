"""Names, settings, structures and values for puts of PV Access, without a server."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from p4p import Type, Value
from p4p.nt import NTEnum, NTScalar, NTTable

from osprey.config import structure_settings
from osprey.control import Bounds, DType, Severity
from osprey.errors import ConfigError
from osprey_epics.pva.encoding import fill
from osprey_epics.pva.names import PvaName, explain_bad_pva_name, parse_pva_name
from osprey_epics.pva.readings import reading_of
from osprey_epics.pva.settings import PvaGatewaySettings, PvaSettings, context_variables
from osprey_epics.pva.structures import NotOneValueError, decode


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("X", PvaName("X", ())),
        ("X.VAL", PvaName("X.VAL", ())),
        ("X/value", PvaName("X", ())),
        ("X/alarm/severity", PvaName("X", ("alarm", "severity"))),
        ("a%2Fb/c", PvaName("a/b", ("c",))),
    ],
)
def test_a_slash_leads_into_the_structure(name: str, expected: PvaName) -> None:
    assert parse_pva_name(name) == expected


@pytest.mark.parametrize("name", ["", "/", "/value", ".", ".VAL", "A B", "x" * 10_000, "a\nb"])
def test_a_name_that_nobody_must_be_asked_for_is_explained(name: str) -> None:
    assert explain_bad_pva_name(name)


def variables(**settings: object) -> dict[str, str]:
    return context_variables(PvaSettings(**settings).reading)


def test_the_settings_become_the_variables_of_one_context() -> None:
    assert variables() == {}
    assert variables(address="gw1 gw2:5080", port=5077) == {
        "EPICS_PVA_ADDR_LIST": "gw1 gw2:5080",
        "EPICS_PVA_NAME_SERVERS": "",
        "EPICS_PVA_AUTO_ADDR_LIST": "NO",
        "EPICS_PVA_BROADCAST_PORT": "5077",
    }
    assert variables(name_servers=["ns"], auto_addr_list=True)["EPICS_PVA_AUTO_ADDR_LIST"] == "YES"
    assert variables(name_servers=["ns"])["EPICS_PVA_NAME_SERVERS"] == "ns"


@pytest.mark.parametrize(
    "section",
    [{"address": ["a b"]}, {"port": 0}, {"port": 70000}, {"adress": "x"}, {"gateways": {"reed": {}}}, {"port": "x"}],
)
def test_a_section_that_cannot_be_meant_is_a_configuration_error(section: dict[str, object]) -> None:
    with pytest.raises(ConfigError):
        structure_settings(PvaSettings, section, "control_system.targets.x.settings")


def test_a_gateway_without_a_host_takes_those_of_the_target() -> None:
    settings = structure_settings(
        PvaSettings, {"address": "a", "gateways": {"write": {"port": 5099}}}, "control_system.targets.x.settings"
    )
    assert settings.reading == PvaGatewaySettings(address="a")
    assert settings.writing == PvaGatewaySettings(address="a", port=5099)


def read(value: Value, name: str = "X", *, is_text: bool = False) -> Any:
    told = decode(name, value, parse_pva_name(name).path, 5)
    return reading_of(name, told, is_text=is_text)


def test_every_scalar_has_its_own_type() -> None:
    for code, value, dtype in (
        ("d", 1.5, DType.FLOAT),
        ("i", 3, DType.INT),
        ("?", True, DType.BOOL),
        ("s", "x", DType.STR),
    ):
        reading = read(NTScalar(code).wrap(value))
        assert (reading.value, reading.dtype, reading.shape) == (value, dtype, ())
        assert type(reading.value) is type(value)


def test_every_array_has_its_own_type() -> None:
    for code, dtype in (("ad", DType.FLOAT), ("ai", DType.INT), ("aB", DType.INT), ("a?", DType.BOOL)):
        reading = read(NTScalar(code).wrap(np.array([0, 1, 1])))
        assert (list(np.asarray(reading.value)), reading.dtype, reading.shape) == ([0, 1, 1], dtype, (3,))
    assert read(NTScalar("as").wrap(["a", "b"])).value == ("a", "b")


@pytest.mark.parametrize(("code", "dtype"), [("ad", DType.FLOAT), ("ai", DType.INT), ("as", DType.STR)])
def test_an_array_without_elements_keeps_its_type(code: str, dtype: DType) -> None:
    reading = read(NTScalar(code).wrap([]))
    assert (len(reading.value), reading.dtype, reading.shape) == (0, dtype, (0,))


def test_characters_are_a_text_where_they_are_declared_as_one() -> None:
    raw = NTScalar("aB").wrap(np.frombuffer("grüße\0rest".encode(), np.uint8))
    assert read(raw, is_text=True).value == "grüße"


def test_times_severities_and_units_are_taken_over() -> None:
    value = NTScalar("d", display=True).wrap(
        {
            "value": 1.0,
            "alarm": {"severity": 2, "status": 3, "message": "HIHI"},
            "timeStamp": {"secondsPastEpoch": 1_700_000_000, "nanoseconds": 123},
            "display": {"units": "A"},
        }
    )
    reading = read(value)
    assert (reading.severity, reading.alarm, reading.unit) == (Severity.MAJOR, "HIHI", "A")
    assert reading.source_ns == 1_700_000_000_000_000_123
    value["alarm.severity"] = 4  # undefined, which no record of EPICS gives
    assert read(value).severity is Severity.INVALID


def test_limits_that_are_equal_or_not_finite_mean_none() -> None:
    value = NTScalar("d", display=True, valueAlarm=True).wrap(1.0)
    value["display.limitLow"], value["display.limitHigh"] = -1.0, 1.0
    value["valueAlarm.lowAlarmLimit"], value["valueAlarm.highAlarmLimit"] = math.nan, 5.0
    control = decode("X", value, (), 5, with_limits=True).control
    assert (control.display, control.warning, control.alarm) == (Bounds(-1, 1), Bounds(), Bounds(None, 5))


def test_a_column_of_a_table_goes_before_a_field_of_its_structure() -> None:
    table = NTTable([("alarm", "d"), ("s", "i")]).wrap([{"alarm": 1.0, "s": 2}])
    assert list(np.asarray(read(table, "T/alarm").value)) == [1.0]
    assert read(table, "T/labels").value == ("alarm", "s")
    with pytest.raises(NotOneValueError, match=r"T/alarm, T/s|T/s, T/alarm"):
        read(table, "T")


def test_what_is_no_value_is_named() -> None:
    nested = Value(Type([("a", ("S", None, [("b", "d")])), ("list", ("aS", None, [("c", "i")]))]), {"a": {"b": 2.0}})
    assert read(nested, "X/a/b").value == 2.0
    for name in ("X", "X/a", "X/a/c", "X/list", "X/a/b/c"):
        with pytest.raises(NotOneValueError):
            read(nested, name)


def target(code: str) -> Value:
    return NTScalar(code).wrap([] if code.startswith("a") else 0)


@given(st.integers(-(2**70), 2**70) | st.floats() | st.booleans())
def test_a_number_is_sent_exactly_or_not_at_all(number: float) -> None:
    for code, kind in (("i", np.int32), ("B", np.uint8), ("l", np.int64), ("L", np.uint64), ("d", np.float64)):
        value = target(code)
        try:
            fill(value, number, is_text=False)
        except ValueError:
            continue
        sent = value["value"]
        assert sent == number or (math.isnan(number) and math.isnan(sent)) or kind is np.float64


@given(st.lists(st.integers(-300, 300), max_size=20))
def test_an_array_is_sent_whole_or_not_at_all(numbers: list[int]) -> None:
    value = target("ab")
    try:
        fill(value, numbers, is_text=False)
    except ValueError:
        assert any(not -128 <= number <= 127 for number in numbers)
    else:
        assert list(value["value"] if numbers else ()) == numbers


@pytest.mark.parametrize("number", [-1, 2, 999, 0.5, "ON", math.nan])
def test_a_state_that_does_not_exist_is_not_sent(number: Any) -> None:
    value = NTEnum().wrap({"index": 0, "choices": ["OFF", "ON"]})
    with pytest.raises(ValueError, match=r"state|fit"):
        fill(value, number, is_text=False)
    fill(value, 1, is_text=False)
    assert value["value.index"] == 1


@pytest.mark.parametrize(
    ("code", "wrong"),
    [
        ("d", "abc"),
        ("d", [1.0]),
        ("ad", 1.0),
        ("ad", "abc"),
        ("ad", [[1.0]]),
        ("s", 1),
        ("as", "x"),
        ("as", [1]),
        ("ad", ["x"]),
    ],
)
def test_a_value_of_another_kind_is_not_sent(code: str, wrong: Any) -> None:
    with pytest.raises(ValueError, match=r"holds|number|text"):
        fill(target(code), wrong, is_text=False)


def test_a_text_is_sent_as_characters_where_it_is_declared_as_one() -> None:
    value = target("aB")
    fill(value, "grüße", is_text=True)
    assert bytes(value["value"]) == "grüße\0".encode()
    with pytest.raises(ValueError, match="null"):
        fill(value, "a\0b", is_text=True)
    with pytest.raises(ValueError, match="characters"):
        fill(target("ad"), "a", is_text=True)


def test_a_structure_without_a_value_is_not_written() -> None:
    with pytest.raises(ValueError, match="without a value"):
        fill(Value(Type([("a", "d")])), 1.0, is_text=False)
    with pytest.raises(ValueError, match="structure"):
        fill(NTTable([("s", "i")]).wrap([{"s": 2}]), 1.0, is_text=False)
