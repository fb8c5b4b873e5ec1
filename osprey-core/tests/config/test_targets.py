"""What the file says about control systems, and the one target that it means without saying so."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from osprey.config import Config, Posture, Unlisted

Load = Callable[..., Config]
Refusal = Callable[..., str]


def test_without_a_file_the_simulated_ring_is_there_with_writes_on(load: Load) -> None:
    config = load("")
    ring = config.control_system.targets["ring"]
    assert config.control_system.default_target == "ring"
    assert (ring.connector, ring.archiver, ring.posture) == ("sim", "sim", Posture.SIMULATION)
    assert ring.writes_enabled
    assert ring.limits.unlisted is Unlisted.NATIVE_ONLY


def test_the_switch_above_all_targets_turns_the_rings_writes_off(load: Load) -> None:
    assert not load("control_system: {writes_enabled: false}").control_system.targets["ring"].writes_enabled


def test_a_declared_target_is_read_only_until_the_file_says_more(load: Load) -> None:
    target = load("control_system: {targets: {a: {connector: epics}}}").control_system.targets["a"]
    assert (target.posture, target.writes_enabled) == (Posture.READ_ONLY, False)
    assert target.limits.unlisted is Unlisted.REFUSE
    assert target.archiver is None


def test_every_key_of_a_target_is_read(load: Load, tmp_path: Path) -> None:
    target = load(
        "control_system:\n"
        "  targets:\n"
        "    a:\n"
        "      connector: epics\n"
        "      posture: approval\n"
        "      writes_enabled: true\n"
        "      limits: {file: limits.csv, unlisted: native_only}\n"
        "      channels: /abs/channels.yml\n"
        "      archiver: appliance\n"
        "      read_timeout_s: 1\n"
        "      write_timeout_s: 2.5\n"
        "      settings: {address: here, port: 5064}\n"
        "      archiver_settings: {url: there}\n"
    ).control_system.targets["a"]
    assert (target.posture, target.writes_enabled) == (Posture.APPROVAL, True)
    assert target.limits.file == tmp_path / "limits.csv"
    assert target.limits.unlisted is Unlisted.NATIVE_ONLY
    assert target.channels == Path("/abs/channels.yml")
    assert (target.read_timeout_s, target.write_timeout_s) == (1.0, 2.5)
    assert target.settings == {"address": "here", "port": 5064}
    assert (target.archiver, target.archiver_settings) == ("appliance", {"url": "there"})


def test_paths_may_begin_at_home(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/op")
    config = load("storage: {path: ~/state}\ncontrol_system: {targets: {a: {connector: x, channels: ~/c.yml}}}")
    assert config.storage.path == Path("/home/op/state")
    assert config.control_system.targets["a"].channels == Path("/home/op/c.yml")


def test_a_targets_settings_lie_on_those_of_its_connector_key_by_key(load: Load) -> None:
    targets = load(
        "control_system:\n"
        "  default_target: a\n"
        "  connector:\n"
        "    epics: {patience: 3, gateways: {read_only: {address: g, port: 1}}}\n"
        "  targets:\n"
        "    a: {connector: epics, settings: {gateways: {read_only: {port: 2}}}}\n"
        "    b: {connector: epics}\n"
        "    c: {connector: other, archiver: x, archiver_settings: {k: 2}}\n"
        "archiver: {x: {k: 1, j: 1}}\n"
    ).control_system.targets
    assert targets["a"].settings == {"patience": 3, "gateways": {"read_only": {"address": "g", "port": 2}}}
    assert targets["b"].settings == {"patience": 3, "gateways": {"read_only": {"address": "g", "port": 1}}}
    assert targets["c"].settings == {}
    assert targets["c"].archiver_settings == {"k": 2, "j": 1}


@pytest.mark.parametrize(
    ("writes", "posture"), [("", Posture.READ_ONLY), ("false", Posture.READ_ONLY), ("true", Posture.APPROVAL)]
)
def test_a_type_means_one_default_target_of_that_name(load: Load, writes: str, posture: Posture) -> None:
    line = f"  writes_enabled: {writes}\n" if writes else ""
    systems = load(f"control_system:\n  type: epics\n{line}  connector: {{epics: {{patience: 3}}}}\n").control_system
    assert systems.default_target == "epics"
    assert list(systems.targets) == ["epics"]
    target = systems.targets["epics"]
    assert (target.connector, target.posture) == ("epics", posture)
    assert target.writes_enabled is (posture is Posture.APPROVAL)
    assert target.settings == {"patience": 3}


def test_type_and_targets_may_mean_the_same(load: Load) -> None:
    systems = load(
        "control_system: {type: epics, targets: {epics: {connector: epics}, b: {connector: x}}}"
    ).control_system
    assert systems.default_target == "epics"


@pytest.mark.parametrize(
    "targets",
    ["{a: {connector: epics}}", "{epics: {connector: other}}", "{a: {connector: epics}, b: {connector: x}}"],
)
def test_type_and_targets_that_mean_different_things_are_an_error(refusal: Refusal, targets: str) -> None:
    message = refusal(f"control_system:\n  type: epics\n  targets: {targets}\n")
    assert "'type: epics' (line 2) and 'targets' (line 3) mean different things" in message


def test_type_and_another_default_target_are_an_error(refusal: Refusal) -> None:
    text = "control_system: {type: a, default_target: b, targets: {a: {connector: a}, b: {connector: b}}}"
    assert "mean different things" in refusal(text)


def test_several_targets_need_a_default(refusal: Refusal) -> None:
    message = refusal("control_system: {targets: {a: {connector: x}, b: {connector: x}}}")
    assert "several targets and no default: set default_target to one of a, b" in message


def test_a_default_target_must_exist(refusal: Refusal) -> None:
    message = refusal("control_system: {default_target: rnig, targets: {ring: {connector: x}}}")
    assert "control_system.default_target: no target is named 'rnig'; did you mean 'ring'?" in message


def test_the_switch_above_all_targets_takes_writes_away_and_says_so(load: Load) -> None:
    target = "{a: {connector: x, posture: approval, writes_enabled: true}}"
    config = load(f"control_system: {{writes_enabled: false, targets: {target}}}")
    assert not config.control_system.targets["a"].writes_enabled
    assert any("is false: no writes for a" in note for note in config.notes)


def test_the_switch_above_all_targets_gives_no_target_a_write(load: Load) -> None:
    config = load("control_system: {writes_enabled: true, targets: {a: {connector: x, posture: approval}}}")
    assert not config.control_system.targets["a"].writes_enabled
    assert any("enables no target by itself: set writes_enabled in a" in note for note in config.notes)


def test_writes_on_a_read_only_target_are_said_to_have_no_effect(load: Load) -> None:
    config = load("control_system: {targets: {a: {connector: x, writes_enabled: true}}}")
    assert any("targets.a.writes_enabled (line 1) has no effect" in note for note in config.notes)


def test_the_archivers_type_serves_targets_that_name_none(load: Load) -> None:
    targets = load(
        "archiver: {type: appliance, appliance: {url: u}}\n"
        "control_system:\n"
        "  default_target: a\n"
        "  targets:\n"
        "    a: {connector: x}\n"
        "    b: {connector: x, archiver: other}\n"
        "    c: {connector: x, archiver: null}\n"
    ).control_system.targets
    assert [targets[name].archiver for name in "abc"] == ["appliance", "other", None]
    assert targets["a"].archiver_settings == {"url": "u"}
    assert load("archiver: {type: appliance}").control_system.targets["ring"].archiver == "appliance"


@pytest.mark.parametrize(
    ("allow", "unlisted"),
    [
        ("", Unlisted.REFUSE),
        (", allow_unlisted_channels: false", Unlisted.REFUSE),
        (", allow_unlisted_channels: true", Unlisted.NATIVE_ONLY),
    ],
)
def test_the_older_section_of_limits_serves_targets_that_state_none(
    load: Load, tmp_path: Path, allow: str, unlisted: Unlisted
) -> None:
    older = f"limits_checking: {{enabled: true, database_path: l.json{allow}}}"
    config = load(f"control_system: {{type: epics, {older}}}")
    limits = config.control_system.targets["epics"].limits
    assert (limits.file, limits.unlisted) == (tmp_path / "l.json", unlisted)
    assert config.demands == ()
    own = "targets: {a: {connector: x, limits: {file: own.yml}}}"
    limits = load(f"control_system: {{{own}, {older}}}").control_system.targets["a"].limits
    assert (limits.file, limits.unlisted) == (tmp_path / "own.yml", Unlisted.REFUSE)


def test_limits_that_are_switched_off_are_checked_all_the_same(load: Load, tmp_path: Path) -> None:
    config = load("control_system: {type: epics, limits_checking: {enabled: false, database_path: l.json}}")
    assert config.control_system.targets["epics"].limits.file == tmp_path / "l.json"
