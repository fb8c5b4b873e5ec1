"""A plugin that holds write policies stops the start when it cannot be used; nothing else does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from osprey.errors import PluginError, UsageError
from osprey.plugins import LoadOptions, load_registry


def _start(toys: Any, options: LoadOptions | None = None, **settings: tuple[str, ...]) -> Any:
    return load_registry(toys.settings(**settings), options or LoadOptions())


def test_a_good_policy_plugin_starts(toys: Any) -> None:
    toys.policy("rules")
    registry = _start(toys)
    assert registry.names("write_policies") == ("rules_rule",)
    assert registry.policies_withheld == ()


def test_a_broken_plugin_without_policies_does_not_stop_the_start(toys: Any) -> None:
    toys.add("bad", "raise RuntimeError")
    assert _start(toys).policies_withheld == ()


def test_a_policy_plugin_that_fails_at_import_stops_the_start(toys: Any) -> None:
    toys.policy("rules", before="raise RuntimeError('no licence')")
    with pytest.raises(PluginError, match=r"'rules'.*holds write policies and is broken.*no licence"):
        _start(toys)


def test_a_misspelt_policy_hook_stops_the_start(toys: Any) -> None:
    toys.add("rules", "from osprey.api import WritePolicy\n@hookimpl\ndef osprey_write_polices(): return []")
    with pytest.raises(PluginError, match="did you mean osprey_write_policies"):
        _start(toys)


def test_an_incompatible_policy_plugin_stops_the_start(toys: Any) -> None:
    toys.policy("rules", requires=["osprey-core>=99"])
    with pytest.raises(PluginError, match="holds write policies and is incompatible"):
        _start(toys)


def test_a_conflicting_policy_plugin_stops_the_start(toys: Any) -> None:
    toys.policy("rules")
    toys.policy("rules", distribution="others")
    with pytest.raises(PluginError, match="holds write policies and is conflicting"):
        _start(toys)


def test_two_plugins_with_one_policy_name_stop_the_start(toys: Any) -> None:
    source = """
    @hookimpl
    def osprey_write_policies():
        yield WritePolicy(name="same", summary="", implementation="a:B")
    """
    toys.add("one", source)
    toys.add("two", source)
    with pytest.raises(PluginError, match="write policy 'same' is declared by one"):
        _start(toys)


def test_a_policy_plugin_whose_hook_raises_stops_the_start(toys: Any) -> None:
    toys.add("rules", "@hookimpl\ndef osprey_write_policies(): 1 / 0")
    with pytest.raises(PluginError, match="ZeroDivisionError"):
        _start(toys)


def test_a_policy_plugin_that_was_uninstalled_is_missed(toys: Any) -> None:
    toys.policy("rules")
    _start(toys)
    toys.remove("osprey-rules")
    with pytest.raises(PluginError, match=r"rules_rule and is no longer installed: pip install osprey-rules"):
        _start(toys)


def test_its_removal_can_be_recorded_in_the_configuration(toys: Any) -> None:
    toys.policy("rules")
    _start(toys)
    toys.remove("osprey-rules")
    registry = _start(toys, disable=("rules",))
    assert registry.policies_disabled == ("rules",)
    assert registry.policies_withheld == ()


def test_a_policy_plugin_of_another_path_is_not_missed(toys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    toys.policy("rules")
    _start(toys)
    monkeypatch.setattr("sys.path", [p for p in __import__("sys").path if p != str(toys.site)])
    _start(toys)


def test_a_version_without_policies_is_no_longer_missed(toys: Any) -> None:
    toys.policy("rules")
    _start(toys)
    toys.remove("osprey-rules")
    toys.add("rules", version="2.0")
    _start(toys)
    toys.remove("osprey-rules")
    _start(toys)


def test_a_plugin_that_hides_its_hook_is_known_from_its_last_start(toys: Any) -> None:
    (toys.site / "toy_hidden.py").write_text(
        "from osprey.api import WritePolicy, hookimpl\n"
        "@hookimpl\n"
        "def osprey_write_policies(): yield WritePolicy(name='x', summary='', implementation='a:B')\n",
        encoding="utf-8",
    )
    module = toys.add("rules", "from toy_hidden import *")
    _start(toys)
    toys.remove("osprey-rules")
    toys.add("rules", "raise RuntimeError", version="1.1")
    assert "Policy" not in module.read_text(encoding="utf-8")
    with pytest.raises(PluginError, match="holds write policies and is broken"):
        _start(toys)


@pytest.mark.parametrize("options", [LoadOptions(disable=("rules",)), LoadOptions(allow=())])
def test_flags_and_environment_cannot_leave_out_policies(toys: Any, options: LoadOptions) -> None:
    toys.policy("rules")
    with pytest.raises(PluginError, match=r"only plugins\.disable in config\.yml may leave out"):
        _start(toys, options)


def test_the_configuration_can_leave_out_policies_and_it_shows(toys: Any) -> None:
    toys.policy("rules")
    registry = _start(toys, disable=("osprey-rules",))
    assert registry.policies_disabled == ("rules",)
    assert registry.names("write_policies") == ()


def test_in_safe_mode_policies_are_withheld(toys: Any) -> None:
    toys.policy("rules", before="raise AssertionError('imported')")
    toys.connector("mango")
    registry = _start(toys, LoadOptions(safe_mode=True))
    assert registry.policies_withheld == ("rules",)
    assert "mango" not in registry.names("connectors")
    assert "mock" in registry.names("connectors")


def test_safe_mode_withholds_a_required_plugin_that_nobody_can_ask(toys: Any) -> None:
    registry = _start(toys, LoadOptions(safe_mode=True), require=("als-policies",))
    assert registry.policies_withheld == ("als-policies",)


def test_a_local_policy_file_that_fails_stops_the_start(toys: Any, tmp_path: Path) -> None:
    file = tmp_path / "local.py"
    file.write_text("def osprey_write_policies(): pass\nraise RuntimeError\n", encoding="utf-8")
    with pytest.raises(PluginError, match="holds write policies and is broken"):
        _start(toys, LoadOptions(local=(file,)))


@pytest.mark.parametrize(
    ("require", "told"),
    [
        ("als-policies", "not installed as a plugin: pip install 'als-policies'"),
        ("osprey-rules>=2", "have 1.0: pip install 'osprey-rules>=2'"),
        ("osprey-bad", "is broken"),
        ("osprey-rules[fast]", "a name and a range of versions only"),
        ("osprey rules", "cannot be read"),
    ],
)
def test_an_unmet_requirement_stops_the_start(toys: Any, require: str, told: str) -> None:
    toys.connector("rules")
    toys.add("bad", "raise RuntimeError")
    with pytest.raises(PluginError) as caught:
        _start(toys, require=(require,))
    assert told in str(caught.value)


@pytest.mark.parametrize("require", ["osprey-rules>=1,<2", "rules", "Osprey_Rules", "nothing; python_version < '3'"])
def test_a_met_requirement_starts(toys: Any, require: str) -> None:
    toys.connector("rules")
    _start(toys, require=(require,))


def test_a_required_plugin_cannot_be_disabled_as_well(toys: Any) -> None:
    toys.connector("rules")
    with pytest.raises(PluginError, match=r"asks for rules, and .* is disabled"):
        _start(toys, require=("rules",), disable=("rules",))


def test_strict_names_every_bad_plugin(toys: Any) -> None:
    toys.add("bad", "raise RuntimeError")
    toys.add("worse", "raise ValueError")
    with pytest.raises(PluginError, match=r"'bad' is broken(?s:.*)'worse' is broken") as caught:
        _start(toys, LoadOptions(strict=True))
    assert caught.value.exit_code == 1


def test_an_unknown_name_is_a_usage_error(toys: Any) -> None:
    toys.connector("mango")
    with pytest.raises(UsageError, match=r"plugins.disable .* names 'manggo'.*did you mean mango"):
        _start(toys, disable=("manggo",))
