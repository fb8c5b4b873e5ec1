"""The cache of listings: served while nothing has changed, ignored for every other reason."""

from __future__ import annotations

import stat
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osprey.plugins import LoadOptions, Origin, Phase, PluginStatus, Status, list_plugins
from osprey.plugins import cache as plugin_cache


@pytest.fixture
def listed(toys: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    # The interpreter's folders and the core's own files may have been touched just now.
    monkeypatch.setattr(plugin_cache, "_FRESH_NS", 0)

    def listed(options: LoadOptions | None = None, fast: bool = False, **settings: tuple[str, ...]) -> Any:
        for name in [name for name in sys.modules if name.startswith("toy_")]:
            del sys.modules[name]
        found = list_plugins(toys.settings(**settings), options or LoadOptions(), fast=fast)
        was_loaded = any(name.startswith("toy_") for name in sys.modules)
        return {status.name: status for status in found.plugins}, was_loaded

    return listed


def test_an_unchanged_environment_is_not_loaded_again(toys: Any, listed: Any) -> None:
    toys.connector("one")
    toys.age()
    first, was_loaded = listed()
    again, was_loaded_again = listed()
    assert (was_loaded, was_loaded_again) == (True, False)
    assert again == first


@pytest.mark.parametrize("changed", ["module", "metadata", "installed", "removed", "settings", "options"])
def test_every_change_is_seen(toys: Any, listed: Any, changed: str) -> None:
    module = toys.connector("one")
    toys.connector("two")
    toys.age()
    listed()
    options, settings = LoadOptions(), {}
    if changed == "module":
        module.write_text("raise RuntimeError", encoding="utf-8")
    elif changed == "metadata":
        (toys.site / "osprey_one-1.0.dist-info" / "METADATA").write_text("Version: 3", encoding="utf-8")
    elif changed == "installed":
        toys.connector("three")
    elif changed == "removed":
        toys.remove("osprey-two")
    elif changed == "settings":
        settings = {"disable": ("one",)}
    else:
        options = LoadOptions(disable=("one",))
    told = {name: (status.status, status.version) for name, status in listed(options, **settings)[0].items()}
    assert told == {s.name: (s.status, s.version) for s in toys.survey(options, **settings).plugins}


def test_a_repaired_submodule_is_seen(toys: Any, listed: Any) -> None:
    (toys.site / "toy_part.py").write_text("raise RuntimeError", encoding="utf-8")
    toys.add("one", "import toy_part")
    toys.age()
    assert listed()[0]["one"].status is Status.BROKEN
    (toys.site / "toy_part.py").write_text("", encoding="utf-8")
    assert listed()[0]["one"].status is Status.OK


def test_what_has_just_changed_is_not_believed(toys: Any, listed: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plugin_cache, "_FRESH_NS", 3600 * 10**9)
    toys.connector("one")
    listed()
    assert not list(toys.cache.glob("osprey/plugins-*"))


def test_fast_imports_nothing(toys: Any, listed: Any) -> None:
    toys.add("one", "raise AssertionError")
    toys.add("old", requires=["osprey-core>=99"])
    plugins, was_loaded = listed(fast=True)
    assert not was_loaded
    assert plugins["old"].status is Status.INCOMPATIBLE
    assert (plugins["one"].status, plugins["one"].phase) == (Status.OK, Phase.COMPATIBLE)
    assert plugins["one"].summary == "metadata of one"


def test_the_cache_is_private(toys: Any, listed: Any) -> None:
    toys.connector("one")
    toys.age()
    listed()
    folder = toys.cache / "osprey"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()} == {0o600}


@pytest.mark.parametrize(
    "damage",
    [
        b"",
        b"{",
        b"[]",
        b'{"format": 1}',
        b'{"format": 0}',
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"format":1,"question":1}',
    ],
)
def test_a_damaged_cache_is_ignored(toys: Any, listed: Any, damage: bytes) -> None:
    toys.policy("rules")
    toys.age()
    first, _ = listed()
    for file in (toys.cache / "osprey").iterdir():
        file.write_bytes(damage)
    again, was_loaded = listed()
    assert was_loaded
    assert {n: s.status for n, s in again.items()} == {n: s.status for n, s in first.items()}


def test_a_cache_of_another_shape_is_ignored(toys: Any, listed: Any) -> None:
    toys.connector("one")
    toys.age()
    listed()
    for file in (toys.cache / "osprey").glob("plugins-*"):
        text = file.read_text(encoding="utf-8")
        file.write_text(text.replace('"broken"', "7").replace('"ok"', '"splendid"'), encoding="utf-8")
    assert listed()[1]


def test_without_a_place_for_the_cache_everything_works(
    toys: Any, listed: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    toys.policy("one")
    (toys.cache / "osprey").write_text("a file where the folder should be", encoding="utf-8")
    assert listed()[0]["one"].status is Status.OK
    monkeypatch.setenv("XDG_CACHE_HOME", "relative/is/ignored")
    monkeypatch.setenv("HOME", "also/relative")
    assert plugin_cache.cache_folder() is None
    assert listed()[0]["one"].status is Status.OK


def test_old_files_of_the_cache_are_removed(toys: Any) -> None:
    for number in range(plugin_cache._KEPT + 5):
        plugin_cache.write_json(f"plugins-{number}.json", {})
    plugin_cache.write_json("policies-1.json", {})
    plugin_cache.prune("plugins-")
    left = {file.name for file in Path(toys.cache, "osprey").iterdir()}
    assert len(left) == plugin_cache._KEPT + 1
    assert "policies-1.json" in left


_text = st.text(max_size=8)
_statuses = st.builds(
    PluginStatus,
    name=_text,
    distribution=_text,
    version=_text,
    status=st.sampled_from(Status),
    phase=st.sampled_from(Phase),
    summary=_text,
    origin=st.sampled_from(Origin),
    requires=st.lists(_text, max_size=2).map(tuple),
    reason=_text,
    provides=st.dictionaries(_text, st.lists(_text, max_size=2).map(tuple), max_size=2),
    import_ms=st.none() | st.floats(0, 1e6),
    trace=_text,
)


@given(_statuses)
def test_a_status_survives_json(status: PluginStatus) -> None:
    assert PluginStatus.from_json(status.to_json()) == status
