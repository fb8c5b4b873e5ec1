"""`${VAR}` in values: what it becomes, when it is missed, and what it can never do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osprey.config import Config, InvalidConfigError, config_to_plain, value_at
from osprey.config.variables import expand_variables
from osprey.config.yaml_reader import read_yaml

Load = Callable[..., Config]
Refusal = Callable[..., str]


def test_a_variable_stands_for_text_a_number_and_a_truth_value(load: Load) -> None:
    config = load(
        "facility: {name: '${NAME}'}\n"
        "execution: {memory_limit_mb: '${MEMORY}'}\n"
        "python_executor: {execution_timeout_seconds: '${SECONDS}'}\n"
        "control_system: {type: epics, writes_enabled: '${WRITES}'}\n",
        {"NAME": "42", "MEMORY": "2048", "SECONDS": "1.5e1", "WRITES": "true"},
    )
    assert config.facility.name == "42"
    assert config.execution.memory_limit_mb == 2048
    assert config.execution.execution_timeout_seconds == 15.0
    assert config.control_system.targets["epics"].writes_enabled is True


def test_a_default_is_taken_where_the_variable_is_unset_or_empty(load: Load) -> None:
    text = "facility: {name: '${NAME:-the ring}'}"
    assert load(text).facility.name == "the ring"
    assert load(text, {"NAME": ""}).facility.name == "the ring"
    assert load(text, {"NAME": "booster"}).facility.name == "booster"


def test_a_variable_that_is_set_to_nothing_is_set(load: Load) -> None:
    assert load("facility: {name: '${NAME}'}", {"NAME": ""}).facility.name == ""


def test_variables_stand_inside_text_and_in_lists(load: Load) -> None:
    config = load("facility: {name: 'the ${A} of ${B:-here}'}\nplugins: {require: ['osprey-${A}']}", {"A": "ring"})
    assert config.facility.name == "the ring of here"
    assert config.plugins.require == ("osprey-ring",)


def test_two_dollars_escape_a_reference(load: Load) -> None:
    assert load("facility: {name: 'a $${B} c'}", {"B": "x"}).facility.name == "a ${B} c"


def test_what_a_variable_holds_is_not_expanded_again(load: Load) -> None:
    assert load("facility: {name: '${A}'}", {"A": "${B}", "B": "x"}).facility.name == "${B}"


def test_a_variable_cannot_add_a_key(load: Load) -> None:
    hostile = "x\ncontrol_system: {type: epics, writes_enabled: true}"
    config = load("facility:\n  name: ${A}\n", {"A": hostile})
    assert config.facility.name == hostile
    assert list(config.control_system.targets) == ["ring"]


@pytest.mark.parametrize("broken", ["${}", "${1A}", "${A-b}", "${A:?b}", "${A", "${A B}"])
def test_what_looks_like_a_reference_and_is_none_is_refused(refusal: Refusal, broken: str) -> None:
    message = refusal(f"facility:\n  name: '{broken}'\n")
    assert "line 2, column 9: facility.name" in message
    assert "write ${NAME}, ${NAME:-default}, or $${" in message


def test_an_unset_variable_without_default_names_the_place_and_the_remedy(refusal: Refusal) -> None:
    message = refusal("facility:\n  name: ${FACILITY}\n")
    assert "line 2, column 9: facility.name: FACILITY is not set in the environment" in message
    assert "${FACILITY:-...}" in message


@pytest.mark.parametrize(
    "text",
    [
        "control_system: {connector: {tango: {host: '${MISSING}'}}}",
        "control_system: {targets: {a: {connector: sim, settings: {deep: [{x: '${MISSING}'}]}}}}",
        "approval: {expires_after_s: '${MISSING}'}",
        "plugins: {disable: ['${MISSING}']}",
        "execution: {code_generator: writer, generators: {writer: {api_key: '${MISSING}'}}}",
        "control_system: {targets: {a: {connector: sim, archiver: x}}}\narchiver: {x: {token: '${MISSING}'}}",
    ],
)
def test_safety_and_credential_keys_are_checked_at_load(refusal: Refusal, text: str) -> None:
    assert "MISSING is not set" in refusal(text)


def test_a_key_that_nobody_reads_is_named_and_does_not_stop_the_load(load: Load) -> None:
    config = load(
        "execution: {local: {python_env_path: '${VENV}'}, generators: {other: {api_key: '${KEY}'}}}\n"
        "applications: {response: {api_key: '${KEY}'}}\n"
    )
    assert [note.partition(" ")[0] for note in config.notes] == [
        "execution.local.python_env_path",
        "execution.generators.other.api_key",
        "applications.response.api_key",
    ]
    with pytest.raises(InvalidConfigError, match=r"line 1.*VENV is not set"):
        _ = config.execution.python_env_path
    with pytest.raises(InvalidConfigError, match=r"execution\.generators\.other\.api_key: KEY is not set"):
        _ = config.execution.generators["other"]["api_key"]
    with pytest.raises(InvalidConfigError, match="KEY is not set"):
        value_at(config, "applications.response.api_key")
    assert config_to_plain(config)["applications"] == {"response": {"api_key": "${KEY}"}}


def test_an_interpreter_path_is_given_when_its_variable_is_set(load: Load, tmp_path: Path) -> None:
    text = "execution: {local: {python_env_path: '${VENV}'}}"
    assert load(text, {"VENV": "/opt/python3"}).execution.python_env_path == Path("/opt/python3")
    assert load(text, {"VENV": "venv"}).execution.python_env_path == tmp_path / "venv"


def test_a_variable_in_a_bracket_gets_the_remedy(refusal: Refusal) -> None:
    assert "quote ${...}" in refusal("facility: {name: ${NAME}}\n")


_NAMES = st.text(alphabet="ABC_", min_size=1, max_size=3)


@given(environ=st.dictionaries(_NAMES, st.text(alphabet="${}:-AB", max_size=6)), name=_NAMES)
def test_expansion_gives_the_variables_value_or_says_which_is_missing(
    tmp_path_factory: pytest.TempPathFactory, environ: dict[str, str], name: str
) -> None:
    file = tmp_path_factory.getbasetemp() / f"variables-{name}.yml"
    file.write_text(f"key: '${{{name}}}'\n", encoding="utf-8")
    table, problems = expand_variables(read_yaml(file), environ)
    scalar = table.entries["key"].node
    assert problems == []
    assert (getattr(scalar, "value", None), getattr(scalar, "missing", None)) == (
        (environ[name], ()) if name in environ else ("", (name,))
    )
