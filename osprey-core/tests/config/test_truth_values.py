"""No spelling of false, and no other text, may enable a write."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from osprey.config import Config, InvalidConfigError, load_config
from osprey.config.settings import structure_settings

TARGET = "control_system: {{targets: {{real: {{connector: epics, posture: approval, writes_enabled: {0}}}}}}}"
MASTER = "control_system: {{type: epics, writes_enabled: {0}}}"
OLDER = "control_system: {{type: epics}}\nexecution_control: {{epics: {{writes_enabled: {0}}}}}"

SPELLINGS = [
    word
    for lower in ("false", "no", "off", "n", "f", "disabled", "true", "yes", "on", "y", "t", "enabled")
    for word in (lower, lower.capitalize(), lower.upper())
]


def _load(text: str, environ: dict[str, str] | None = None) -> Config:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "config.yml").write_text(text, encoding="utf-8")
        return load_config(Path(folder), environ=environ or {})


def _can_write(text: str, environ: dict[str, str] | None = None) -> bool:
    try:
        config = _load(text, environ)
    except InvalidConfigError:
        return False
    return any(target.writes_enabled for target in config.control_system.targets.values())


@pytest.mark.parametrize("template", [TARGET, MASTER, OLDER])
def test_the_word_true_enables_writes_and_the_word_false_does_not(template: str) -> None:
    assert _can_write(template.format("true"))
    assert not _can_write(template.format("false"))


@pytest.mark.parametrize("template", [TARGET, MASTER, OLDER])
@pytest.mark.parametrize("word", [*SPELLINGS, "0", "1", "-1", "0x1", "1.0", "null", "~", "''", "[]", "{}", "[true]"])
def test_every_other_spelling_is_refused_whether_it_is_quoted_or_not(template: str, word: str) -> None:
    if word in ("true", "false"):
        word = f'"{word}"'
    with pytest.raises(InvalidConfigError, match=r"writes_enabled: expected true or false"):
        _load(template.format(word))
    if "'" not in word and '"' not in word:
        with pytest.raises(InvalidConfigError, match=r"writes_enabled: expected true or false"):
            _load(template.format(f"'{word}'"))


@pytest.mark.parametrize("directive", ["%YAML 1.1\n---\n", "%YAML 1.2\n---\n"])
@pytest.mark.parametrize("word", ["yes", "on", "y", "!!bool yes", "!!bool 'true'", "!!int 1"])
def test_neither_a_yaml_version_nor_a_tag_makes_a_truth_value(directive: str, word: str) -> None:
    assert not _can_write(directive + "control_system:\n  type: epics\n  writes_enabled: " + word + "\n")


@given(word=st.one_of(st.sampled_from(SPELLINGS), st.text(max_size=12)))
@example(word="true ")
@example(word="TRUE")
def test_only_the_exact_word_true_from_a_variable_enables_a_write(word: str) -> None:
    if "\0" in word:
        return
    assert _can_write(MASTER.format('"${SWITCH}"'), {"SWITCH": word}) is (word == "true")


@given(
    before=st.text(alphabet="true fals$", max_size=5),
    inside=st.text(alphabet="true", max_size=4),
    after=st.text(alphabet="true fals$", max_size=5),
)
def test_text_around_a_variable_never_adds_up_to_a_truth_value(before: str, inside: str, after: str) -> None:
    text = MASTER.format(f"'{before}${{SWITCH}}{after}'")
    whole = not before and not after
    assert _can_write(text, {"SWITCH": inside}) is (whole and inside == "true")


@given(text=st.text(max_size=20))
def test_no_text_of_the_file_enables_a_write(text: str) -> None:
    quoted = "'" + text.replace("'", "''") + "'"
    assert not _can_write(MASTER.format(quoted))


@given(value=st.one_of(st.integers(), st.floats(), st.text(), st.none(), st.lists(st.booleans())))
def test_a_plugin_that_wants_a_truth_value_gets_no_other(value: object) -> None:
    from attrs import frozen

    @frozen
    class Settings:
        armed: bool = False

    with pytest.raises(InvalidConfigError):
        structure_settings(Settings, {"armed": value}, "control_system.connector.x")
