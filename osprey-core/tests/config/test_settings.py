"""A plugin's section, checked by the settings class that the plugin declares."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum, IntEnum, StrEnum
from pathlib import Path
from typing import Any, Literal

import pytest
from attrs import field, frozen, validators

from osprey.config import Config, InvalidConfigError, structure_settings

Load = Callable[..., Config]
WHERE = "control_system.connector.epics"


class Colour(StrEnum):
    RED = "red"
    GREEN = "green"


class Level(IntEnum):
    LOW = 1


class Kind(str, Enum):  # noqa: UP042 - plugins written before StrEnum have such classes
    NEAR = "near"


@frozen(kw_only=True)
class Gateway:
    address: str
    port: int = 5064


@frozen(kw_only=True)
class Settings:
    address: str = "localhost"
    port: int = field(default=5064, validator=validators.in_(range(1, 65536)))
    timeout_s: float | None = None
    armed: bool = False
    colour: Colour = Colour.RED
    level: Level = Level.LOW
    kind: Kind = Kind.NEAR
    mode: Literal["ca", "pva"] = "ca"
    hosts: tuple[str, ...] = ()
    weights: list[float] = field(factory=list)
    gateways: Mapping[str, Gateway] = field(factory=dict)
    folder: Path | None = None
    name_or_number: int | str = 0
    extra: dict[str, Any] = field(factory=dict)
    anything: Any = None


def test_every_kind_of_setting_is_read() -> None:
    made = structure_settings(
        Settings,
        {
            "address": "h",
            "port": 1,
            "timeout_s": 2,
            "armed": True,
            "colour": "green",
            "level": 1,
            "kind": "near",
            "mode": "pva",
            "hosts": ["a", "b"],
            "weights": [1, 2.5],
            "gateways": {"g": {"address": "x"}},
            "folder": "here",
            "name_or_number": "n",
            "extra": {"a": [1, {"b": None}]},
            "anything": {"c": (1,)},
        },
        WHERE,
    )
    assert made == Settings(
        address="h",
        port=1,
        timeout_s=2.0,
        armed=True,
        colour=Colour.GREEN,
        level=Level.LOW,
        kind=Kind.NEAR,
        mode="pva",
        hosts=("a", "b"),
        weights=[1.0, 2.5],
        gateways={"g": Gateway(address="x")},
        folder=Path("here"),
        name_or_number="n",
        extra={"a": [1, {"b": None}]},
        anything={"c": [1]},
    )


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ({"adress": "x"}, f"{WHERE}.adress: unknown key 'adress'; did you mean 'address'?"),
        ({"port": "5064"}, f"{WHERE}.port: expected a whole number, not the text '5064'; remove the quotes"),
        ({"port": 0}, "'port' must be in"),
        ({"armed": "false"}, f"{WHERE}.armed: expected true or false"),
        ({"colour": "gren"}, "did you mean 'green'?"),
        ({"level": True}, "expected one of 1, not the truth value true"),
        ({"level": "1"}, "expected one of 1"),
        ({"kind": "far"}, "expected one of near"),
        ({"mode": "pv"}, "expected one of ca, pva, not the text 'pv'; did you mean 'pva'?"),
        ({"hosts": "abc"}, f"{WHERE}.hosts: expected a list, not the text 'abc'"),
        ({"hosts": {"a": 1}}, f"{WHERE}.hosts: expected a list, not a mapping"),
        ({"weights": [1, True]}, f"{WHERE}.weights.1: expected a number, not the truth value true"),
        ({"weights": [float("nan")]}, f"{WHERE}.weights.0: expected a finite number"),
        ({"gateways": {"g": {}}}, f"{WHERE}.gateways.g.address: is required, and missing"),
        ({"gateways": {"g": 3}}, f"{WHERE}.gateways.g: expected a section, not the number 3"),
        ({"gateways": [1]}, f"{WHERE}.gateways: expected a section, not a list"),
        ({"name_or_number": 1.5}, "expected a whole number or text"),
        ({"folder": "a\0b"}, f"{WHERE}.folder: expected a path"),
    ],
)
def test_a_wrong_setting_is_an_error_with_its_path(section: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidConfigError) as caught:
        structure_settings(Settings, section, WHERE)
    assert said in str(caught.value)


def test_a_wrong_setting_of_the_file_is_told_with_its_line_wherever_it_was_written(load: Load) -> None:
    config = load(
        "control_system:\n"
        "  connector:\n"
        "    epics:\n"
        "      prot: 1\n"
        "  targets:\n"
        "    a:\n"
        "      connector: epics\n"
        "      settings:\n"
        "        armed: no\n"
    )
    with pytest.raises(InvalidConfigError) as caught:
        structure_settings(Settings, config.control_system.targets["a"].settings, WHERE)
    found = {problem.path: problem.mark.line for problem in caught.value.problems if problem.mark}
    assert found == {f"{WHERE}.prot": 4, f"{WHERE}.armed": 9}


def test_variables_are_strict_in_a_plugins_section_as_well(load: Load) -> None:
    text = "execution: {generators: {g: {port: '${PORT}', armed: '${ARMED}', anything: '${PORT}'}}}"
    section = load(text, {"PORT": "99", "ARMED": "true"}).execution.generators["g"]
    made = structure_settings(Settings, section, "execution.generators.g")
    assert (made.port, made.armed, made.anything) == (99, True, "99")
    assert type(made.anything) is str
    section = load(text, {"PORT": "9x", "ARMED": "True"}).execution.generators["g"]
    with pytest.raises(InvalidConfigError) as caught:
        structure_settings(Settings, section, "execution.generators.g")
    assert "not the value of ${PORT}" in str(caught.value)
    assert "9x" not in str(caught.value)


def test_an_unset_variable_is_an_error_when_its_section_is_read(load: Load) -> None:
    section = load("execution: {generators: {g: {address: '${A}', port: '${B}'}}}").execution.generators["g"]
    for wanted in (Settings, None):
        with pytest.raises(InvalidConfigError) as caught:
            structure_settings(wanted, section, "execution.generators.g")
        assert {problem.path.rpartition(".")[2] for problem in caught.value.problems} == {"address", "port"}


def test_a_plugin_without_a_settings_class_gets_plain_values(load: Load) -> None:
    section = load("archiver: {x: {a: [1, {b: '${V}'}]}}", {"V": "t"}).sections[0].settings
    plain = structure_settings(None, section, "archiver.x")
    assert plain == {"a": [1, {"b": "t"}]}
    assert type(plain["a"][1]["b"]) is str


def test_a_credential_is_not_shown_by_the_error_about_it() -> None:
    @frozen
    class Secretive:
        password: str
        token: str = field(default="", validator=validators.min_len(50))

    with pytest.raises(InvalidConfigError) as caught:
        structure_settings(Secretive, {"password": 1234567}, "archiver.x")
    assert "1234567" not in str(caught.value)
    assert "archiver.x.password: expected text; put it in quotes" in str(caught.value)


def test_a_settings_class_that_cannot_be_read_is_an_error_not_a_crash() -> None:
    @frozen
    class Odd:
        pair: tuple[int, str] = (1, "a")

    with pytest.raises(InvalidConfigError, match=r"cannot be used: TypeError"):
        structure_settings(Odd, {}, "archiver.x")
