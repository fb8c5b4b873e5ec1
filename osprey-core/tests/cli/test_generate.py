"""`osprey generate`: a group whose commands plugins add by a name that begins with the group's."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from osprey.cli.root import osprey

PLUGIN = """
from osprey.api import Command, hookimpl

@hookimpl
def osprey_commands():
    yield Command(name="generate-poem", summary="Write a poem", implementation="poet_impl:poem")
"""


POEM = """
import click

@click.command("poem")
def poem():
    click.echo("roses are red")
"""


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(tmp_path)
    path = tmp_path / "poet.py"
    path.write_text(PLUGIN, encoding="utf-8")
    (tmp_path / "poet_impl.py").write_text(POEM, encoding="utf-8")
    return path


def _run(*arguments: str) -> Result:
    return CliRunner().invoke(osprey, list(arguments))


def test_a_plugin_adds_a_command_to_the_group(plugin: Path, tmp_path: Path) -> None:
    options = ["--project", str(tmp_path), "--plugin", str(plugin)]
    assert re.search(r"poem +Write a poem", _run(*options, "generate", "--help").output)
    assert _run(*options, "generate", "poem").output == "roses are red\n"
    assert "generate-poem" not in _run(*options, "--help").output


def test_without_a_plugin_the_group_says_what_to_install(tmp_path: Path) -> None:
    result = _run("--safe-mode", "--project", str(tmp_path), "generate", "--help")
    assert "pip install osprey-epics" in result.output
    assert _run("--safe-mode", "--project", str(tmp_path), "generate", "poem").exit_code == 2
