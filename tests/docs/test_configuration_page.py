"""The page on the configuration has every key, and its examples load."""

from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path

import attrs
import pytest
from tests.docs import configuration
from tests.docs.generate import REFERENCE

from osprey.config import demands, layout, load_config, section_statuses
from osprey.config.known import UNSERVED
from osprey.config.loading import SECTIONS
from osprey.config.rules import Layout
from osprey.config.schema import PluginsConfig
from osprey.control.channels.channel_file import load_channels
from osprey.control.limits.limits_file import load_limits
from osprey.plugins import LoadOptions, load_registry

PAGE = (REFERENCE / "configuration.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
FILES = {"# limits.yml": load_limits, "# channels.yml": load_channels}
CONFIGS = [text for text in EXAMPLES if text.partition("\n")[0] not in FILES]
ENVIRON = {"GATEWAY": "gateway.example.org"}


def test_every_section_of_the_loader_is_on_the_page() -> None:
    named = {path.partition(".")[0] for path in configuration.SECTIONS}
    assert named | set(configuration.COMMAND_SECTIONS.values()) == set(SECTIONS)


def test_every_class_of_the_layout_is_on_the_page() -> None:
    layouts = [
        cls for cls in vars(layout).values() if inspect.isclass(cls) and issubclass(cls, Layout) and cls is not Layout
    ]
    steps = {step for _, found in configuration.layout_keys() for key in found for step in key.path.split(".")}
    for cls in layouts:
        for field in attrs.fields(cls):
            assert field.name in steps, f"{cls.__name__}.{field.name}"


def test_every_key_has_a_row_with_its_type_and_its_meaning() -> None:
    for _, keys in [*configuration.layout_keys(), *((path, keys) for path, _, keys in configuration.settings_keys())]:
        for key in keys:
            assert f"| `{key.path}` | {key.type} |" in PAGE
            assert key.meaning, f"{key.path} has no docstring"


@pytest.mark.parametrize("key", UNSERVED)
def test_every_key_without_effect_is_named(key: str) -> None:
    assert f"| `{key}` |" in PAGE


def test_every_demand_that_the_source_knows_is_named() -> None:
    tree = ast.parse(inspect.getsource(demands))
    made = sum(
        isinstance(n, ast.Call) and isinstance(n.func, ast.Name) and n.func.id == "Demand" for n in ast.walk(tree)
    )
    table = PAGE.partition("| key | asks for |")[2].partition("\n\n")[0]
    assert len(table.splitlines()) - 2 == made


@pytest.mark.parametrize("text", CONFIGS)
def test_an_example_loads_and_its_plugins_accept_it(text: str, tmp_path: Path) -> None:
    (tmp_path / "config.yml").write_text(text, encoding="utf-8")
    config = load_config(tmp_path, environ=ENVIRON)
    assert not config.demands
    assert not config.unserved
    registry = load_registry(PluginsConfig(), LoadOptions())
    for status in section_statuses(config, registry):
        assert status.state == "ok", status.sentence()
    for target in config.control_system.targets.values():
        cls = registry.settings_class("connectors", target.connector)
        assert cls is None or attrs.has(cls)


def test_both_nestings_mean_the_same(tmp_path: Path) -> None:
    flat, nested = CONFIGS[-2:]
    loaded = []
    for text in (flat, nested):
        (tmp_path / "config.yml").write_text(text, encoding="utf-8")
        loaded.append(load_config(tmp_path, environ={}))
    assert nested.startswith("osprey:")
    assert attrs.evolve(loaded[0], sections=(), document=loaded[1].document) == attrs.evolve(loaded[1], sections=())


@pytest.mark.parametrize("text", [text for text in EXAMPLES if text not in CONFIGS])
def test_an_example_of_another_file_loads(text: str, tmp_path: Path) -> None:
    name = text.partition("\n")[0]
    path = tmp_path / name.removeprefix("# ")
    path.write_text(text, encoding="utf-8")
    assert FILES[name](path)
