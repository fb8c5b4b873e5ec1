"""What is shown of the configuration: everything in force, from where, and no secret."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osprey.config import Config, InvalidConfigError, config_to_plain, origin_of, value_at
from osprey.config.secrets import MASK, looks_like_credential

Load = Callable[..., Config]

TEXT = """\
facility:
  name: ${FACILITY:-the ring}
control_system:
  connector:
    epics:
      api_key: ${EPICS}
      login: ${EPICS_PASSWORD}
      port: ${PORT}
      url: https://user:hunter2@host/x
  targets:
    real:
      connector: epics
      settings: {timeout: 3}
applications:
  response: {api_key: "sk-literal", max_tokens: 1024, tokens: [a]}
"""
ENVIRON = {"EPICS": "canary-1", "EPICS_PASSWORD": "canary-2", "PORT": "77"}


def test_no_secret_is_in_anything_that_is_shown(load: Load) -> None:
    config = load(TEXT, ENVIRON)
    for shown in (json.dumps(config_to_plain(config)), repr(config), str(config)):
        for secret in ("canary-1", "canary-2", "hunter2", "sk-literal"):
            assert secret not in shown


def test_what_is_no_secret_is_shown(load: Load) -> None:
    plain = config_to_plain(load(TEXT, ENVIRON))
    assert plain["control_system"]["targets"]["real"]["settings"] == {
        "api_key": MASK,
        "login": MASK,
        "port": "77",
        "url": f"https://user:{MASK}@host/x",
        "timeout": 3,
    }
    assert plain["applications"]["response"] == {"api_key": MASK, "max_tokens": 1024, "tokens": ["a"]}


def test_a_single_key_can_be_read_with_its_real_value(load: Load) -> None:
    config = load(TEXT, ENVIRON)
    assert value_at(config, "control_system.targets.real.settings.api_key") == "canary-1"
    assert value_at(config, "applications.response.api_key") == "sk-literal"
    assert value_at(config, "control_system.targets.real.settings.timeout") == 3
    assert value_at(config, "control_system.targets.real.settings")["api_key"] == MASK
    assert value_at(config, "execution.execution_method") == "local"
    assert value_at(config, "python_executor.execution_timeout_seconds") == 600.0
    assert value_at(config, "applications.nothing", "other") == "other"
    assert value_at(config, "facility.name.deeper", "other") == "other"


def test_every_value_has_an_origin(load: Load) -> None:
    config = load(TEXT, ENVIRON)

    def origin(path: str) -> str:
        return str(origin_of(config, tuple(path.split("."))))

    assert origin("facility.name") == "config.yml:2"
    assert origin("facility.time_zone") == "default"
    assert origin("control_system.targets.real.settings.port") == "environment variable PORT"
    assert origin("control_system.targets.real.settings.url") == "config.yml:9"
    assert origin("control_system.targets.real.settings.timeout") == "config.yml:13"
    assert origin("control_system.targets.real.posture") == "default"
    assert origin("applications.response.max_tokens") == "config.yml:15"


def test_the_origin_of_what_a_type_means_is_the_type(load: Load) -> None:
    config = load("control_system:\n  type: epics\n  writes_enabled: true\narchiver:\n  type: x\n  x: {k: 1}\n")

    def line(path: str) -> int | None:
        return origin_of(config, tuple(path.split("."))).line

    assert line("control_system.default_target") == 2
    assert line("control_system.targets.epics.connector") == 2
    assert line("control_system.targets.epics.posture") == 3
    assert line("control_system.targets.epics.writes_enabled") == 3
    assert line("control_system.targets.epics.archiver") == 5
    assert line("control_system.targets.epics.archiver_settings.k") == 6


def test_the_plain_configuration_is_json_even_with_numbers_that_json_lacks(load: Load) -> None:
    plain = config_to_plain(load("applications: {a: .inf, b: .nan}"))
    assert json.loads(json.dumps(plain, allow_nan=False))["applications"] == {"a": "inf", "b": "nan"}


def test_the_interpreter_is_shown_as_its_reference_while_the_variable_is_unset(load: Load) -> None:
    config = load("execution: {local: {python_env_path: '${VENV}'}}")
    assert config_to_plain(config)["execution"]["local"]["python_env_path"] == "${VENV}"
    with pytest.raises(InvalidConfigError, match="VENV is not set"):
        value_at(config, "execution.local.python_env_path")


@pytest.mark.parametrize("name", ["key", "api_key", "apiKey", "OPENAI_API_KEY", "auth-token", "DB_PASS", "secrets"])
def test_the_name_of_a_credential_is_known(name: str) -> None:
    assert looks_like_credential(name)


@pytest.mark.parametrize("name", ["max_tokens", "keyboard", "monkey", "passive", "tokenizer", "port", "MONKEY_ID"])
def test_a_name_that_only_contains_such_a_word_is_no_credential(name: str) -> None:
    assert not looks_like_credential(name)


@given(secret=st.text(alphabet="abcdef0123456789", min_size=12, max_size=20))
def test_a_secret_from_a_variable_is_never_shown(tmp_path_factory: pytest.TempPathFactory, secret: str) -> None:
    from osprey.config import load_config

    folder = tmp_path_factory.getbasetemp() / "secrets"
    folder.mkdir(exist_ok=True)
    text = (
        "applications: {deep: [{password: '${A}'}, '${B_TOKEN}', 'x ${B_TOKEN} y']}\nfacility: {name: '${B_TOKEN}'}\n"
    )
    (folder / "config.yml").write_text(text)
    config = load_config(folder, environ={"A": secret, "B_TOKEN": secret})
    plain = config_to_plain(config)
    assert secret not in json.dumps(plain)
