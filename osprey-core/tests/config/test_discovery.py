"""Where the file is found, and what it costs to look."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osprey.config import InvalidConfigError, PluginsConfig, find_project_dir, load_config, plugins_section_only
from osprey.errors import ConfigError


def test_a_named_folder_comes_before_the_variable_and_that_before_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("named", "variable", "here"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "config.yml").touch()
    monkeypatch.chdir(tmp_path / "here")
    environ = {"OSPREY_PROJECT": str(tmp_path / "variable")}
    assert find_project_dir(tmp_path / "named", environ=environ) == tmp_path / "named"
    assert find_project_dir(None, environ=environ) == tmp_path / "variable"
    assert find_project_dir(None, environ={"OSPREY_PROJECT": ""}) == tmp_path / "here"
    assert find_project_dir(None, environ={}) == tmp_path / "here"


def test_the_file_is_looked_for_upwards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "config.yml").touch()
    deep = tmp_path / "a" / "b"
    deep.mkdir(parents=True)
    monkeypatch.chdir(deep)
    assert find_project_dir(None, environ={}) == tmp_path
    (tmp_path / "config.yml").unlink()
    assert find_project_dir(None, environ={}) == deep


def test_a_named_folder_may_be_given_by_its_file(tmp_path: Path) -> None:
    (tmp_path / "config.yml").touch()
    assert find_project_dir(tmp_path / "config.yml", environ={}) == tmp_path


def test_a_folder_that_does_not_exist_is_an_error_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"the project folder .* is no folder: make one with `osprey init"):
        find_project_dir(tmp_path / "none", environ={})
    with pytest.raises(ConfigError, match="OSPREY_PROJECT"):
        find_project_dir(None, environ={"OSPREY_PROJECT": str(tmp_path / "none")})


def test_without_a_file_there_are_defaults_and_no_source(tmp_path: Path) -> None:
    config = load_config(tmp_path, environ={})
    assert (config.root, config.source) == (tmp_path, None)


@pytest.mark.parametrize(
    "text",
    [
        "plugins: {disable: [a]}",
        "osprey:\n  plugins:\n    disable: [a]\n",
        '{"plug\\x69ns": {disable: [a]}}',
        "# plugins:\n? 'plugins'\n: disable: [a]\n",
        "plugins:\n  disable: ['${X}']\nfacilty: wrong\nstorage: 3\n",
    ],
)
def test_the_plugins_section_is_read_alone_however_it_is_written(tmp_path: Path, text: str) -> None:
    (tmp_path / "config.yml").write_text(text)
    assert plugins_section_only(tmp_path, {"X": "a"}) == PluginsConfig(disable=("a",))


@pytest.mark.parametrize("text", ["plugins: {disabel: [a]}", "plugins: {disable: ['${X}']}", "plugins: [\n"])
def test_a_wrong_plugins_section_is_an_error(tmp_path: Path, text: str) -> None:
    (tmp_path / "config.yml").write_text(text)
    with pytest.raises(InvalidConfigError, match="line "):
        plugins_section_only(tmp_path, {})


@given(
    lines=st.lists(
        st.sampled_from(["# plugins: {disable: [x]}", "plugins: {disable: [a]}", "facility: {name: x}", "", "#"]),
        max_size=5,
        unique=True,
    )
)
def test_the_quick_look_and_the_whole_file_agree(tmp_path_factory: pytest.TempPathFactory, lines: list[str]) -> None:
    folder = tmp_path_factory.getbasetemp() / "quick-look"
    folder.mkdir(exist_ok=True)
    (folder / "config.yml").write_text("\n".join(lines))
    assert plugins_section_only(folder, {}) == load_config(folder, environ={}).plugins


@pytest.mark.parametrize("text", [None, "facility: {name: x}\n# plugins: none\n"])
def test_the_quick_look_imports_neither_the_yaml_reader_nor_the_converter(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "config.yml").write_text(text)
    code = (
        "import sys, pathlib; from osprey.config import plugins_section_only;"
        "plugins_section_only(pathlib.Path(sys.argv[1]), {});"
        "sys.exit(','.join(m for m in ('ruamel', 'cattrs', 'zoneinfo', 'click', 'difflib') if m in sys.modules) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
