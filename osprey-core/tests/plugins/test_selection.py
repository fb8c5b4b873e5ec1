"""Who may leave out what, under which names, and that nothing of it is imported."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osprey.plugins import LoadOptions, Origin, Status
from osprey.plugins.scan import normalized, scan


def _statuses(toys: Any, options: LoadOptions | None = None, **settings: tuple[str, ...]) -> dict[str, Status]:
    return {status.name: status.status for status in toys.survey(options, **settings).plugins}


@pytest.mark.parametrize("name", ["mango", "osprey-mango", "Osprey.Mango", "MANGO"])
def test_a_disabled_plugin_is_never_imported(toys: Any, name: str) -> None:
    toys.add("mango", "raise AssertionError('imported')")
    assert _statuses(toys, disable=(name,))["mango"] is Status.DISABLED
    assert _statuses(toys, LoadOptions(disable=(name,)))["mango"] is Status.DISABLED
    assert "toy_osprey_mango" not in sys.modules


def test_an_allow_list_loads_only_what_it_names_and_the_built_ins(toys: Any) -> None:
    toys.connector("one")
    toys.add("two", "raise AssertionError('imported')")
    statuses = _statuses(toys, LoadOptions(allow=("osprey-one",)))
    assert (statuses["core"], statuses["one"], statuses["two"]) == (Status.OK, Status.OK, Status.DISABLED)


def test_an_empty_allow_list_loads_the_built_ins_alone(toys: Any) -> None:
    toys.connector("one")
    statuses = _statuses(toys, LoadOptions.from_environ({"OSPREY_PLUGINS": ""}))
    assert {name for name, status in statuses.items() if status is Status.OK} == {"core"}


def test_the_environment_is_read_as_lists(toys: Any) -> None:
    options = LoadOptions.from_environ({"OSPREY_PLUGINS": " a, b ,", "OSPREY_DISABLE_PLUGINS": "c,d"})
    assert options == LoadOptions(allow=("a", "b"), disable=("c", "d"))
    assert LoadOptions.from_environ({}) == LoadOptions()


def test_every_source_of_an_unknown_name_is_told(toys: Any) -> None:
    toys.connector("mango")
    found = toys.survey(LoadOptions(allow=("mngo",), disable=("manga",)), disable=("zzzzzz",))
    config, flags, allowed = found.name_errors
    assert "config.yml names 'zzzzzz'" in config
    assert "osprey plugins list" in config
    assert "--no-plugin" in flags
    assert "did you mean mango" in flags
    assert "OSPREY_PLUGINS names 'mngo'" in allowed


def test_the_core_cannot_be_disabled(toys: Any) -> None:
    found = toys.survey(disable=("core",))
    assert found.plugins[0].status is Status.OK
    assert "cannot be disabled" in found.name_errors[0]


def test_a_local_file_is_a_plugin(toys: Any, tmp_path: Path) -> None:
    file = tmp_path / "my-local.py"
    file.write_text(
        '"""Mine."""\nfrom osprey.api import Connector, hookimpl\n'
        "class Thing: ...\n"
        "@hookimpl\ndef osprey_connectors():\n"
        "    yield Connector(name='mine', summary='', implementation=f'{__name__}:Thing')\n",
        encoding="utf-8",
    )
    found = toys.survey(LoadOptions(local=(file, file)))
    [status] = [status for status in found.plugins if status.name == "my-local"]
    assert (status.status, status.origin, status.summary) == (Status.OK, Origin.LOCAL, "Mine.")
    from osprey.plugins import Registry

    assert Registry(found).resolve("connectors", "mine").__name__ == "Thing"


@pytest.mark.parametrize("name", ["absent.py", "notes.txt"])
def test_a_local_file_that_is_no_plugin_is_told(toys: Any, tmp_path: Path, name: str) -> None:
    (tmp_path / "notes.txt").write_text("no Python", encoding="utf-8")
    found = toys.survey(LoadOptions(local=(tmp_path / name,)))
    assert found.plugins[-1].status is Status.BROKEN
    assert name in found.plugins[-1].reason


def test_the_first_folder_on_the_path_wins(toys: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    toys.connector("mango", version="1.0")
    other = tmp_path / "other"
    (other / "osprey_mango-2.0.dist-info").mkdir(parents=True)
    monkeypatch.setattr("sys.path", [*sys.path, str(other)])
    assert scan(sys.path).versions["osprey-mango"] == "1.0"


@given(st.text(alphabet="aB1-_.", min_size=1, max_size=12))
def test_a_normalised_name_is_its_own_normal_form(name: str) -> None:
    assert normalized(normalized(name)) == normalized(name)
    assert normalized(name) == normalized(name.upper().replace("_", "."))
