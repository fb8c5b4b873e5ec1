"""A section may stand at the top, under `osprey:` or under `framework:`; contradictions are errors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osprey.config import Config, config_to_plain, load_config

Load = Callable[..., Config]
Refusal = Callable[..., str]

SECTIONS = {
    "facility": "{name: booster}",
    "execution": "{memory_limit_mb: 99}",
    "python_executor": "{execution_timeout_seconds: 7}",
    "approval": "{expires_after_s: 8}",
    "control_system": "{type: epics}",
    "plugins": "{disable: [x]}",
    "storage": "{path: /somewhere}",
    "services": "{jupyter: {path: x}}",
    "deployed_services": "[framework.jupyter]",
}


def _plain(config: Config) -> dict[str, Any]:
    return config_to_plain(config)


@pytest.mark.parametrize("prefix", ["osprey", "framework"])
@pytest.mark.parametrize("section", SECTIONS)
def test_every_section_is_read_in_both_nestings(load: Load, prefix: str, section: str) -> None:
    flat = load(f"{section}: {SECTIONS[section]}\n")
    nested = load(f"{prefix}:\n  {section}: {SECTIONS[section]}\n")
    assert _plain(nested) == _plain(flat) != _plain(load(""))


@given(places=st.fixed_dictionaries({name: st.sampled_from(["", "osprey", "framework"]) for name in SECTIONS}))
def test_any_mixture_of_nestings_means_the_same(
    tmp_path_factory: pytest.TempPathFactory, places: dict[str, str]
) -> None:
    folder = tmp_path_factory.getbasetemp() / "nestings"
    folder.mkdir(exist_ok=True)

    def loaded(layout: dict[str, str]) -> dict[str, Any]:
        lines: list[str] = []
        for prefix in ("", "osprey", "framework"):
            own = [f"{name}: {SECTIONS[name]}" for name, place in layout.items() if place == prefix]
            lines += [f"{prefix}:", *("  " + line for line in own)] if prefix and own else own
        (folder / "config.yml").write_text("\n".join(lines), encoding="utf-8")
        return _plain(load_config(folder, environ={}))

    assert loaded(places) == loaded(dict.fromkeys(places, ""))


def test_parts_of_one_section_may_stand_in_both_places(load: Load) -> None:
    config = load("osprey: {execution: {memory_limit_mb: 5}}\nexecution: {disk_limit_mb: 6}\n")
    assert (config.execution.memory_limit_mb, config.execution.disk_limit_mb) == (5, 6)


def test_the_same_key_with_the_same_value_is_accepted(load: Load) -> None:
    text = "osprey: {plugins: {disable: [a, b]}, facility: {name: r}}\nplugins: {disable: [a, b]}\n"
    assert load(text).plugins.disable == ("a", "b")


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("osprey:\n  facility:\n    name: a\nfacility:\n  name: b\n", "facility.name"),
        ("osprey:\n  plugins:\n    disable: [a]\nplugins:\n  disable: [b]\n", "plugins.disable"),
        ("framework:\n  execution:\n    disk_limit_mb: 1\nosprey: {execution: {disk_limit_mb: 2}}\n", ""),
        ("execution:\n  local:\n    python_env_path: a\nosprey: {execution: {python_env_path: b}}\n", ""),
    ],
)
def test_the_same_key_twice_with_different_values_names_both_lines(refusal: Refusal, text: str, path: str) -> None:
    message = refusal(text)
    assert f"{path}: is given twice" in message or "is given twice with different values" in message
    first, second = (3, 5) if path else (3, 4)
    assert f"on line {first} and on line {second}: keep one" in message


def test_the_older_switch_for_writes_must_agree_with_the_present_one(refusal: Refusal) -> None:
    message = refusal(
        "control_system:\n  type: epics\n  writes_enabled: true\n"
        "execution_control:\n  epics:\n    writes_enabled: false\n"
    )
    assert "control_system.writes_enabled: is given twice" in message
    assert "on line 3 and on line 6" in message


def test_true_and_the_text_true_are_not_the_same_value(refusal: Refusal) -> None:
    assert "given twice" in refusal("facility: {name: 'true'}\nosprey: {facility: {name: true}}\n")


def test_the_older_place_of_the_time_zone_is_read(load: Load) -> None:
    config = load("system: {timezone: '${TZ:-Europe/Zurich}'}")
    assert config.facility.time_zone == "Europe/Zurich"


def test_a_prefix_inside_a_prefix_is_an_unknown_key(refusal: Refusal) -> None:
    assert "unknown key 'osprey'" in refusal("framework: {osprey: {facility: {name: x}}}")
