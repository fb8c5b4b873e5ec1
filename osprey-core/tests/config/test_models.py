"""`models` and `api`: every key has its effect, and nothing that a key holds is shown or asked for too early."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from osprey.config import Config, InvalidConfigError, ModelRole, PluginsConfig, config_to_plain, origin_of
from osprey.config.models import UNASKED
from osprey.config.section import Unset, present
from osprey.config.sections import idle_providers, unusable_parts
from osprey.plugins import LoadOptions, Registry, load_registry

Load = Callable[..., Config]
Refusal = Callable[..., str]

CANARY = "sk-canary-7731"
LAB = """\
models:
  default: {provider: lab, model_id: small}
  orchestrator:
    provider: lab
    model_id: large
    max_tokens: 900
    temperature: 0.5
    timeout_s: 20
    max_retries: 1
    fallbacks:
    - {provider: other, model_id: spare, timeout_s: 5}
  recording: talks.jsonl
api:
  providers:
    lab:
      dialect: speech
      base_url: https://models.example.org/v1
      api_key: ${LAB_KEY}
      headers: {X-Group: "${LAB_GROUP}", X-Plain: plain-header}
      abilities: {json_schema: false}
      prices:
        large: {input_per_million: 2, output_per_million: 8}
execution_control: {limits: {max_turn_tokens: 5000}}
"""
ENVIRON = {"LAB_KEY": CANARY, "LAB_GROUP": f"group-{CANARY}"}


@pytest.fixture(scope="module")
def registry() -> Registry:
    """What the core brings along, and no other plugin."""
    return load_registry(PluginsConfig(), LoadOptions(allow=()))


def test_a_role_has_its_model_and_its_fallbacks_inherit_from_it(load: Load) -> None:
    role = load(LAB, ENVIRON).models.roles["orchestrator"]
    first, spare = role.chain("models.orchestrator")
    assert (first.provider, first.model_id, first.max_tokens, first.temperature) == ("lab", "large", 900, 0.5)
    assert (first.timeout_s, first.max_retries) == (20.0, 1)
    assert (spare.path, spare.provider, spare.model_id) == ("models.orchestrator.fallbacks.0", "other", "spare")
    assert (spare.timeout_s, spare.max_retries, spare.max_tokens) == (5.0, 1, 900)


def test_a_role_without_an_entry_is_served_by_the_default(load: Load) -> None:
    models = load(LAB, ENVIRON).models
    assert models.key_of(ModelRole.ORCHESTRATOR) == "orchestrator"
    assert models.key_of(ModelRole.RESPONSE) == "default"
    assert load("models: {response: {provider: a, model_id: b}}").models.key_of(ModelRole.MEMORY) is None


def test_a_provider_is_read_with_all_its_keys(load: Load, tmp_path: Path) -> None:
    config = load(LAB, ENVIRON)
    lab = config.api.providers["lab"]
    assert (lab.dialect, lab.base_url, lab.api_key) == ("speech", "https://models.example.org/v1", CANARY)
    assert lab.headers == {"X-Group": f"group-{CANARY}", "X-Plain": "plain-header"}
    assert (lab.abilities.json_schema, lab.abilities.tools) == (False, None)
    assert (lab.prices["large"].input_per_million, lab.prices["large"].output_per_million) == (2.0, 8.0)
    assert config.models.recording == tmp_path / "talks.jsonl"
    assert (config.turn_limits.max_turn_tokens, config.turn_limits.max_turn_cost) == (5000, None)
    assert (config.api.dialect_of("lab"), config.api.dialect_of("other")) == ("speech", "other")


def test_a_recording_to_replay_is_found_from_the_project(load: Load, tmp_path: Path) -> None:
    config = load("api: {providers: {replay: {recording: talks.jsonl}}}")
    assert config.api.providers["replay"].recording == tmp_path / "talks.jsonl"


def test_nothing_shown_holds_a_key_or_a_header(load: Load) -> None:
    config = load(LAB, ENVIRON)
    for shown in (json.dumps(config_to_plain(config)), repr(config), str(config), repr(config.api.providers)):
        assert CANARY not in shown
        assert "plain-header" not in shown
    assert str(origin_of(config, ("api", "providers", "lab", "api_key"))) == "environment variable LAB_KEY"


def test_an_unset_variable_stops_nobody_before_its_value_is_used(load: Load) -> None:
    config = load(LAB)
    lab = config.api.providers["lab"]
    assert isinstance(lab.api_key, Unset)
    with pytest.raises(InvalidConfigError, match=r"api\.providers\.lab\.api_key: LAB_KEY is not set"):
        present(lab.api_key)
    with pytest.raises(InvalidConfigError, match=r"headers\.X-Group: LAB_GROUP is not set"):
        present(lab.headers["X-Group"])
    assert [note.partition(" (")[0] for note in config.notes] == [
        "api.providers.lab.api_key",
        "api.providers.lab.headers.X-Group",
    ]
    assert config_to_plain(config)["api"]["providers"]["lab"]["api_key"] == "${LAB_KEY}"


def test_model_and_provider_of_a_role_may_come_from_variables_too(load: Load) -> None:
    text = "models: {default: {provider: '${P}', model_id: '${M}', fallbacks: [{provider: a, model_id: '${N}'}]}}"
    role = load(text).models.roles["default"]
    assert [type(value) for value in (role.provider, role.model_id, role.fallbacks[0].model_id)] == [Unset] * 3
    assert load(text, {"P": "p", "M": "m", "N": "n"}).models.roles["default"].model_id == "m"


def test_the_predecessors_role_for_approving_has_no_power(load: Load) -> None:
    config = load("models: {approval: {provider: a, model_id: b}}")
    assert [(key.path, key.why) for key in config.unserved] == [("models.approval", "no model has a part in approving")]
    assert not config.models.roles


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("models: {orchestator: {provider: a, model_id: b}}", "did you mean 'orchestrator'?"),
        ("models: {zzz: {provider: a, model_id: b}}", "the roles are orchestrator, classifier"),
        ("models: {default: {provider: a}}", "models.default.model_id: is required, and missing"),
        ("models: {default: {provider: a, model: b}}", "unknown key 'model'; did you mean 'model_id'?"),
        ("models: {default: {provider: a, model_id: b, temperature: -1}}", "at least 0, not -1"),
        ("models: {default: {provider: a, model_id: b, max_retries: 1.5}}", "expected a whole number"),
        ("models: {default: {provider: a, model_id: b, timeout_s: 0}}", "greater than 0, not 0"),
        ("models: {default: {provider: a, model_id: b, fallbacks: [{provider: c}]}}", "fallbacks.0.model_id"),
        ("models: x", "models: expected a section"),
        ("models: {recording: 5}", "models.recording: expected a path"),
        ("api: {provider: {}}", "did you mean 'providers'?"),
        ("api: {providers: {a: {api_key: }}}", "api.providers.a.api_key: expected text"),
        ("api: {providers: {a: {api_key: 12}}}", "api.providers.a.api_key"),
        ("api: {providers: {a: {base_url: 'https://u:p@host'}}}", "without a name and password in it"),
        ("api: {providers: {a: {abilities: {json_schema: 'yes'}}}}", "expected true or false"),
        ("api: {providers: {a: {prices: {m: {input_per_million: 1}}}}}", "output_per_million: is required"),
        ("api: {providers: {a: {prices: {m: {input_per_million: -1, output_per_million: 1}}}}}", "at least 0"),
        ("api: {providers: {a: {recording: f}}}", "only dialect 'replay' answers from a file"),
        ("api: {providers: {a: {dialect: replay}}}", "dialect 'replay' answers from a file: name it"),
        ("execution_control: {limits: {max_turn_tokens: 0}}", "max_turn_tokens: expected a finite number greater"),
        (
            "models: {default: {provider: a, model_id: b}}\nexecution_control: {limits: {max_turn_cost: 1}}",
            "api.providers.a.prices says nothing of 'b'",
        ),
    ],
)
def test_a_mistake_is_told_with_its_place_and_the_remedy(refusal: Refusal, text: str, said: str) -> None:
    assert said in refusal(text)


@pytest.mark.parametrize(
    ("provider", "is_warned"),
    [
        ("{base_url: 'http://models.example.org', api_key: k}", True),
        ("{base_url: 'http://models.example.org', headers: {X-Group: g}}", True),
        ("{base_url: 'http://models.example.org'}", False),
        ("{base_url: 'http://127.0.0.1:8000', api_key: k}", False),
        ("{base_url: 'https://models.example.org', api_key: k}", False),
    ],
)
def test_a_key_that_would_go_in_plain_text_is_warned_of(load: Load, provider: str, is_warned: bool) -> None:
    notes = load(f"api: {{providers: {{lab: {provider}}}}}").notes
    assert [note.partition(" (")[0] for note in notes] == ["api.providers.lab.base_url"] * is_warned


def test_a_secret_of_the_wrong_kind_is_not_repeated(refusal: Refusal) -> None:
    assert "8675309" not in refusal("api: {providers: {a: {api_key: 8675309}}}")
    assert "8675309" not in refusal("api: {providers: {a: {headers: {X: 8675309}}}}")


def test_a_cost_that_prices_can_tell_may_be_bounded(load: Load) -> None:
    text = (
        "models: {default: {provider: a, model_id: b}}\nexecution_control: {limits: {max_turn_cost: 0.5}}\n"
        "api: {providers: {a: {prices: {b: {input_per_million: 0, output_per_million: 0}}}}}\n"
    )
    assert load(text).turn_limits.max_turn_cost == 0.5


def test_a_provider_that_no_plugin_provides_is_named_for_roles_and_fallbacks(load: Load, registry: Registry) -> None:
    config = load(
        "models: {default: {provider: speech, model_id: m, fallbacks: [{provider: own, model_id: m}]}}\n"
        "api: {providers: {own: {dialect: replai}, idle: {dialect: nothing}}}\n"
    )
    found = {problem.path: problem.message for problem in unusable_parts(config, registry)}
    assert "pip install osprey-speech" in found["models.default.provider"]
    assert "did you mean replay?" in found["models.default.fallbacks.0.provider"]
    assert [sentence.partition(":")[0] for sentence in idle_providers(config, registry)] == ["api.providers.idle"]


@pytest.mark.parametrize("role", sorted(UNASKED))
def test_a_role_that_nothing_asks_for_is_named_with_the_reason(load: Load, role: ModelRole) -> None:
    notes = load(f"models: {{{role}: {{provider: a, model_id: b}}}}").notes
    assert any(f"models.{role} (line 1) is asked by nothing in this version: {UNASKED[role]}" in note for note in notes)


def test_roles_that_are_asked_are_not_named(load: Load) -> None:
    asked = [role for role in ModelRole if role not in UNASKED]
    text = "models:\n" + "".join(f"  {role}: {{provider: a, model_id: b}}\n" for role in asked)
    assert not any("is asked by nothing" in note for note in load(text).notes)
