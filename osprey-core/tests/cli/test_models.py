"""`osprey models`, and what `osprey config` says of models, with a plugin whose models answer by a script."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from osprey.cli.root import osprey
from osprey.errors import ConfigError

PLUGIN = Path(__file__).parents[1] / "models/plugin/scripted_models.py"
CANARY = "sk-canary-2112"
CONFIG = """\
models:
  default: {provider: lab, model_id: small}
  orchestrator:
    provider: lab
    model_id: large
    fallbacks: [{provider: scripted, model_id: spare}]
api:
  providers:
    lab:
      dialect: keyed
      api_key: ${LAB_KEY}
      prices: {small: {input_per_million: 1000000, output_per_million: 0}}
"""


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(PLUGIN.parent))
    monkeypatch.setenv("OSPREY_PLUGINS", "")
    monkeypatch.setenv("LAB_KEY", CANARY)

    def run(*arguments: str, config: str = CONFIG) -> Result:
        (tmp_path / "config.yml").write_text(config, encoding="utf-8")
        options = ["--project", str(tmp_path), "--plugin", str(PLUGIN)]
        done = CliRunner().invoke(osprey, [*options, *arguments])
        assert CANARY not in done.output
        return done

    return run


@pytest.fixture
def script(run: Any) -> Any:
    sys.modules.pop("scripted_models", None)
    import scripted_models

    return scripted_models.SCRIPTS


def listed(done: Result) -> dict[str, Any]:
    return {fact["role"]: fact for fact in json.loads(done.stdout)}


def test_list_says_who_is_asked_for_what_and_where_the_key_is_from(run: Any) -> None:
    facts = listed(run("models", "list", "--json"))
    first, spare = facts["orchestrator"]["models"]
    assert (first["provider"], first["model"], first["dialect"]) == ("lab", "large", "keyed")
    assert (first["key"], first["installed"]) == ("environment variable LAB_KEY", True)
    assert (spare["provider"], spare["key"]) == ("scripted", "none")
    assert (facts["response"]["key"], facts["response"]["is_asked"]) == ("models.default", True)
    assert (facts["clarify"]["key"], facts["clarify"]["is_asked"]) == ("models.default", False)
    assert "approval" not in facts


def test_list_for_people(run: Any) -> None:
    lines = run("models", "list").stdout.splitlines()
    assert lines[0].split()[:4] == ["orchestrator", "lab/large", "key:", "environment"]
    assert lines[1].split()[:2] == ["then", "scripted/spare"]
    assert "no model" in run("models", "list", config="{}").stdout
    [response, clarify] = [line for line in lines if line.startswith(("response", "clarify"))]
    assert "lab/small" in response
    assert "not asked in this version" in clarify


@pytest.mark.parametrize(
    ("config", "key", "driver"),
    [
        ("models: {default: {provider: absent, model_id: m}}", "none", "pip install osprey-absent"),
        ("models: {default: {provider: lost, model_id: m}}", "none", "needs scripted_models_gone"),
        ("models: {default: {provider: keyed, model_id: m}}", "missing: set api.providers.keyed.api_key to ${KE", ""),
        (
            "models: {default: {provider: keyed, model_id: m}}\napi: {providers: {keyed: {api_key: '${NOT_THERE}'}}}",
            "variable NOT_THERE, which is not set",
            "",
        ),
        (
            "models: {default: {provider: keyed, model_id: m}}\napi: {providers: {keyed: {api_key: sk-canary-2112}}}",
            "config.yml:2",
            "",
        ),
        ("models: {default: {provider: '${P}', model_id: '${M}'}}", "not known", "not known"),
    ],
)
def test_list_says_what_is_missing(run: Any, config: str, key: str, driver: str) -> None:
    [model] = listed(run("models", "list", "--json", config=config))["memory"]["models"]
    assert model["key"].startswith(key)
    assert driver in model["driver"]


def test_check_asks_every_model_once_and_tells_time_tokens_and_cost(run: Any, script: Any) -> None:
    from osprey.api import ChatReply, Usage

    script["small"].append(ChatReply(text="ready", usage=Usage(input_tokens=3, output_tokens=1)))
    script["large"].append("ready\x1b[2J")
    script["spare"].append("ready")
    done = run("models", "check", "--json")
    assert done.exit_code == 0
    checks = {check["key"]: check for check in json.loads(done.stdout)}
    assert set(checks) == {"models.default", "models.orchestrator", "models.orchestrator.fallbacks.0"}
    small = checks["models.default"]
    assert (small["answers"], small["input_tokens"], small["output_tokens"], small["cost"]) == (True, 3, 1, 3.0)
    assert checks["models.orchestrator"]["cost"] is None
    assert "\x1b" not in checks["models.orchestrator"]["answer"]


def test_check_of_a_role_fails_if_one_of_its_models_does(run: Any, script: Any) -> None:
    script["large"].append(RuntimeError(f"no line with {CANARY}"))
    script["spare"].append("ready")
    done = run("models", "check", "orchestrator")
    assert done.exit_code == 1
    failed, good = done.stdout.splitlines()
    assert "FAILED: lab/large: driver 'keyed' failed with RuntimeError: no line with ********" in failed
    assert "answers 'ready'" in good


def test_check_tells_what_cannot_be_asked(run: Any) -> None:
    unset = CONFIG.replace("LAB_KEY", "NOT_THERE")
    done = run("models", "check", "response", config=unset)
    assert done.exit_code == 1
    assert "NOT_THERE is not set in the environment" in done.stdout
    none = run("models", "check", config="{}")
    assert isinstance(none.exception, ConfigError)
    assert "set models.default" in str(none.exception)
    assert run("models", "check", "approval").exit_code == 2


def test_check_of_the_configuration_names_a_provider_that_nobody_provides(run: Any) -> None:
    text = (
        "models: {default: {provider: keyed, model_id: m, fallbacks: [{provider: absent, model_id: m}]}}\n"
        "api: {providers: {keyed: {api_key: '${LAB_KEY}'}, cborg: {base_url: 'https://m.example.org', timeout: 30}}}\n"
    )
    done = run("config", "check", "--json", config=text)
    report = json.loads(done.stdout)
    problems = {one["path"]: one["message"] for one in report["problems"] if one["path"].startswith("models")}
    assert set(problems) == {"models.default.fallbacks.0.provider"}
    assert "pip install osprey-absent" in problems["models.default.fallbacks.0.provider"]
    assert any(warning.startswith("api.providers.cborg: ") for warning in report["warnings"])
    assert [key["path"] for key in report["unserved"]] == ["api.providers.cborg.timeout"]


def test_check_of_the_configuration_names_recordings_that_cannot_be(run: Any, tmp_path: Path) -> None:
    text = (
        "models: {recording: nowhere/talk.jsonl, default: {provider: replay, model_id: m}}\n"
        "api: {providers: {replay: {recording: talks.jsonl}}}\n"
    )
    report = json.loads(run("config", "check", "--json", config=text).stdout)
    told = {one["path"]: one["message"] for one in report["problems"]}
    assert told["models.recording"] == f"there is no folder {tmp_path}/nowhere: make it, or name another"
    assert told["api.providers.replay.recording"].startswith(f"there is no file {tmp_path}/talks.jsonl")


def test_no_key_is_shown_or_put_anywhere(run: Any, script: Any, tmp_path: Path) -> None:
    before = dict(os.environ)
    script["small"].append("ready")
    text = CONFIG + "  # the end\n"
    for arguments in (("config", "show"), ("config", "show", "--json", "--origin"), ("models", "check", "response")):
        recording = text.replace("models:\n", "models:\n  recording: talk.jsonl\n", 1)
        assert run(*arguments, config=recording).exit_code == 0
    assert (tmp_path / "talk.jsonl").is_file()
    assert dict(os.environ) == before
    for file in tmp_path.rglob("*"):
        if file.is_file():
            assert CANARY.encode() not in file.read_bytes(), file


def test_a_key_that_is_missing_is_named_by_config_check(run: Any) -> None:
    keyless = "models: {default: {provider: keyed, model_id: m}}\n"
    [warning] = json.loads(run("config", "check", "--json", config=keyless).stdout)["warnings"]
    assert "api.providers.keyed: its key is missing: set api.providers.keyed.api_key to ${KEYED_KEY}" in warning
    unset = f"{keyless}api: {{providers: {{keyed: {{api_key: '${{NOT_THERE}}'}}}}}}\n"
    [warning] = json.loads(run("config", "check", "--json", config=unset).stdout)["warnings"]
    assert "NOT_THERE is not set in the environment; its models are as good as down" in warning
