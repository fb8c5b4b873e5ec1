"""`approval.notify`: an entry's settings are a section of the notifier that it names, checked by its class."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from osprey.config import Config, PluginsConfig, config_to_plain, section_statuses
from osprey.config.sections import SectionState, unusable_parts
from osprey.plugins import LoadOptions, Registry, load_registry

Load = Callable[..., Config]
Refusal = Callable[..., str]


@pytest.fixture(scope="module")
def registry() -> Registry:
    """What the core brings along, and no other plugin."""
    return load_registry(PluginsConfig(), LoadOptions(allow=()))


MAIL = "{host: mail.example.org, sender: osprey@example.org, recipients: [crew@example.org]}"


def _unusable(config: Config, registry: Registry) -> dict[str, str]:
    found = unusable_parts(config, registry)
    return {problem.path: problem.message for problem in found if problem.path.startswith("approval")}


def test_good_entries_are_good(load: Load, registry: Registry) -> None:
    config = load(
        f"approval: {{notify: {{crew: {{via: email, settings: {MAIL}}}, screen: {{via: desktop}}, "
        "log: {via: webhook, settings: {url: 'https://log.example.org/osprey'}}, "
        "chat: {via: chat, settings: {secret_url: '${HOOK}'}}}}",
        {"HOOK": "https://chat.example.org/hooks/x"},
    )
    statuses = section_statuses(config, registry)
    assert {status.path: status.state for status in statuses} == {
        f"approval.notify.{name}.settings": SectionState.OK for name in ("crew", "screen", "log", "chat")
    }
    assert _unusable(config, registry) == {}


def test_a_wrong_setting_is_told_with_its_line(load: Load, registry: Registry) -> None:
    config = load("approval:\n  notify:\n    crew:\n      via: email\n      settings:\n        hots: h\n")
    [status] = section_statuses(config, registry)
    assert status.state is SectionState.WRONG
    problems = {problem.path: problem for problem in status.problems}
    wrong = problems["approval.notify.crew.settings.hots"]
    assert "did you mean 'host'?" in wrong.message
    assert wrong.mark is not None
    assert wrong.mark.line == 6


def test_settings_that_are_missing_altogether_are_told_at_the_entry(load: Load, registry: Registry) -> None:
    config = load("approval:\n  notify:\n    crew:\n      via: email\n")
    [status] = section_statuses(config, registry)
    assert {problem.path for problem in status.problems} == {
        f"approval.notify.crew.settings.{name}" for name in ("host", "sender", "recipients")
    }
    assert {problem.mark.line for problem in status.problems if problem.mark} == {3}


def test_a_notifier_that_nothing_provides_is_a_problem_with_a_remedy(load: Load, registry: Registry) -> None:
    config = load("approval: {notify: {crew: {via: pigeon}, shift: {via: emial}}}")
    found = _unusable(config, registry)
    assert set(found) == {"approval.notify.crew.via", "approval.notify.shift.via"}
    assert "pip install osprey-pigeon" in found["approval.notify.crew.via"]
    assert "did you mean email?" in found["approval.notify.shift.via"]


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("{}", "approval.notify.crew.via: is required, and missing"),
        ("{via: email, events: [file]}", "approval.notify.crew.events.0: expected one of filed, voted"),
        ("{via: email, settings: [1]}", "approval.notify.crew.settings: expected a section, not a list"),
        ("{via: email, setings: {}}", "did you mean 'settings'?"),
        ("{via: email, settings: {password: '${MAIL_PASSWORD}'}}", "MAIL_PASSWORD is not set in the environment"),
    ],
)
def test_an_entry_that_cannot_be_meant_is_refused_at_once(refusal: Refusal, entry: str, said: str) -> None:
    assert said in refusal(f"approval: {{notify: {{crew: {entry}}}}}")


def test_no_secret_of_people_or_notifiers_is_shown(load: Load) -> None:
    secret_hash = f"scrypt:32768:8:1:{'0' * 32}:{'abc' * 21}d"
    config = load(
        f"approval: {{people: {{bob: {{secret_hash: '{secret_hash}'}}}}, notify: {{crew: {{via: email, "
        "settings: {password: hunter2, login: '${MAIL_TOKEN}', secret_url: 'https://h/canary'}}}}",
        {"MAIL_TOKEN": "canary"},
    )
    assert config.approval.people["bob"].secret_hash == secret_hash
    for shown in (json.dumps(config_to_plain(config)), repr(config), str(config)):
        assert not [secret for secret in ("hunter2", "canary", "abcabc") if secret in shown]


def test_the_secrets_of_a_section_can_be_taken_out_of_other_texts(load: Load) -> None:
    settings = "{password: ab, deep: {tokens: [x], token: [abc, 12]}, empty: {key: ''}, host: h, login: '${A_KEY}'}"
    config = load(f"approval: {{notify: {{crew: {{via: email, settings: {settings}}}}}}}", {"A_KEY": "abcd"})
    assert config.approval.notify["crew"].settings.secrets() == ("abcd", "abc", "ab", "12")
