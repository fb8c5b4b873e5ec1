"""What consumers get: entries with their origin, implementations on first use, sentences for failures."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from osprey.errors import PluginError
from osprey.plugins import Registry


def _registry(toys: Any, registrations: str, implementation: str = "", **kwargs: Any) -> Registry:
    toys.add("toy", f"@hookimpl\ndef osprey_connectors():\n    return [{registrations}]", **kwargs)
    (toys.site / "toy_impl.py").write_text(implementation, encoding="utf-8")
    return Registry(toys.survey())


def _connector(**fields: object) -> str:
    given = {"name": "thing", "summary": "a toy", "implementation": "toy_impl:Thing", **fields}
    return f"Connector({', '.join(f'{key}={value!r}' for key, value in given.items())})"


def test_an_entry_says_where_it_came_from(toys: Any) -> None:
    entry = _registry(toys, _connector(simulated=True)).entry("connectors", "thing")
    assert (entry.name, entry.plugin, entry.distribution, entry.version) == (
        "thing",
        "toy",
        "osprey-toy",
        "1.0",
    )
    assert entry.registration.simulated


def test_an_implementation_is_imported_on_first_use_and_once(toys: Any) -> None:
    registry = _registry(toys, _connector(), "class Thing: ...")
    assert "toy_impl" not in sys.modules
    first = registry.resolve("connectors", "thing")
    del sys.modules["toy_impl"]
    assert registry.resolve("connectors", "thing") is first


def test_a_reference_reaches_into_a_class(toys: Any) -> None:
    registry = _registry(toys, _connector(implementation="toy_impl:Out.In"), "class Out:\n    class In: ...")
    assert registry.resolve("connectors", "thing").__qualname__ == "Out.In"


@pytest.mark.parametrize(
    ("fields", "implementation", "told"),
    [
        ({"implementation": "toy_impl:Thng"}, "class Thing: ...", "did you mean toy_impl:Thing?"),
        ({"implementation": "toy_imp:Thing"}, "", "No module named 'toy_imp'"),
        ({}, "raise SystemExit(1)", "SystemExit: 1; see osprey plugins doctor toy"),
        ({}, "import toy_absent", "No module named 'toy_absent'"),
        ({}, "def __getattr__(name): raise KeyError(name)", "KeyError: 'Thing'"),
        ({"requires": ("toy_absent",)}, "raise AssertionError", "needs the module 'toy_absent'"),
    ],
)
def test_a_reference_that_fails_names_entry_plugin_and_reference(
    toys: Any, fields: dict[str, object], implementation: str, told: str
) -> None:
    registry = _registry(toys, _connector(**fields), implementation)
    with pytest.raises(PluginError) as caught:
        registry.resolve("connectors", "thing")
    assert "connector 'thing' of plugin 'toy' (osprey-toy 1.0)" in str(caught.value)
    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("requires", "hint"),
    [
        (["pytoylib>=9"], "pip install 'pytoylib>=9'"),
        (["toylib>=2 ; extra == 'pva'"], "pip install 'osprey-toy[pva]'"),
        ([], "pip install --upgrade osprey-toy brings all it requires"),
    ],
)
def test_a_missing_module_comes_with_the_command_that_brings_it(toys: Any, requires: list[str], hint: str) -> None:
    from osprey.plugins.compatibility import install_hint

    assert hint in install_hint("toylib", "osprey-toy", tuple(requires))


def test_a_hint_offers_no_name_that_the_plugin_does_not_state() -> None:
    from osprey.plugins.compatibility import install_hint

    assert "pip install toylib" not in install_hint("toylib", "osprey-toy", ("numpy>=2",))


def test_settings_are_an_attrs_class_or_nothing(toys: Any) -> None:
    registry = _registry(
        toys,
        f"{_connector()}, {_connector(name='good', settings='toy_impl:Good')}, "
        f"{_connector(name='bad', settings='toy_impl:Thing')}",
        "from attrs import frozen\nclass Thing: ...\n@frozen\nclass Good: ...",
    )
    assert registry.settings_class("connectors", "thing") is None
    assert registry.settings_class("connectors", "good").__name__ == "Good"
    with pytest.raises(PluginError, match="which is no attrs class"):
        registry.settings_class("connectors", "bad")


def test_an_unknown_name_comes_with_the_closest_or_the_package(toys: Any) -> None:
    registry = _registry(toys, _connector(name="mango"))
    with pytest.raises(PluginError, match="'mangoo' is not known: did you mean mango"):
        registry.entry("connectors", "mangoo")
    with pytest.raises(PluginError, match="'doocs' is not installed: pip install osprey-doocs"):
        registry.resolve("connectors", "doocs")


def test_a_name_of_a_broken_plugin_says_what_broke_it(toys: Any) -> None:
    toys.add("doocs", "raise RuntimeError('no licence')")
    with pytest.raises(PluginError, match=r"plugin 'doocs' is broken: .*no licence"):
        Registry(toys.survey()).entry("connectors", "doocs")


def test_an_unknown_point_is_told(toys: Any) -> None:
    with pytest.raises(PluginError, match="no extension point 'conectors'"):
        Registry(toys.survey()).names("conectors")


def test_plugins_are_found_by_either_name(toys: Any) -> None:
    registry = _registry(toys, _connector())
    assert registry.plugin("toy") is registry.plugin("osprey_toy")
    with pytest.raises(PluginError, match="did you mean"):
        registry.plugin("osprey-tiy")
