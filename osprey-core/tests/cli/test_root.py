"""The root of the command line: what it shows without importing, and how it ends."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import anyio
import click
import pytest

from osprey.cli import main, root
from osprey.cli.context import cli_project, load_options
from osprey.cli.table import CORE_COMMANDS
from osprey.errors import ConfigError, OspreyError, RefusedError
from osprey.plugins import LoadOptions


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """Give a command `play` of the core that does what the test wants."""
    monkeypatch.chdir(tmp_path)

    def install(action: Any) -> None:
        monkeypatch.setitem(root.CORE_COMMANDS, "play", ("toy_commands:play", "Play"))  # type: ignore[arg-type]
        module = type(sys)("toy_commands")
        module.play = click.command()(click.pass_context(action))  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "toy_commands", module)

    return install


def _raises(exc: BaseException) -> Any:
    def play(ctx: click.Context) -> None:
        """Play."""
        raise exc

    return play


@pytest.mark.parametrize(
    ("raised", "code"),
    [
        (OspreyError("it failed"), 1),
        (ConfigError("it failed"), 2),
        (RefusedError("it failed", rule="limits.max"), 3),
        (ExceptionGroup("tasks", [OspreyError("it failed")]), 1),
        (ExceptionGroup("tasks", [ExceptionGroup("more", [RefusedError("it failed", rule="x")])]), 3),
    ],
)
def test_an_expected_error_is_one_line(
    command: Any, capsys: pytest.CaptureFixture[str], raised: Exception, code: int
) -> None:
    command(_raises(raised))
    assert main(["play"]) == code
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "error: it failed\n")


def test_debug_shows_the_traceback(command: Any, capsys: pytest.CaptureFixture[str]) -> None:
    command(_raises(OspreyError("it failed")))
    assert main(["--debug", "play"]) == 1
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize("defect", [ValueError("x"), ExceptionGroup("tasks", [OspreyError("a"), ValueError("b")])])
def test_a_defect_keeps_its_traceback(command: Any, defect: Exception) -> None:
    command(_raises(defect))
    with pytest.raises(type(defect)):
        main(["play"])


@pytest.mark.parametrize("raised", [KeyboardInterrupt(), BaseExceptionGroup("tasks", [KeyboardInterrupt()])])
def test_an_interrupt_ends_with_130(command: Any, raised: BaseException) -> None:
    command(_raises(raised))
    assert main(["play"]) == 130


def test_a_command_may_choose_its_exit_code(command: Any) -> None:
    command(lambda ctx: ctx.exit(4))
    assert main(["play"]) == 4


@pytest.mark.parametrize("args", [["pluginss"], ["--nonsense"], ["plugins", "list", "--nonsense"], ["plugins", "show"]])
def test_a_usage_error_ends_with_2(args: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(args) == 2
    assert "Error" in capsys.readouterr().err


def test_an_unknown_command_comes_with_the_closest(capsys: pytest.CaptureFixture[str]) -> None:
    main(["plugin"])
    assert "did you mean plugins?" in capsys.readouterr().err


def test_the_version_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("osprey 0.")


@pytest.mark.parametrize("name", CORE_COMMANDS)
def test_every_command_of_the_table_exists(name: str) -> None:
    reference, summary = CORE_COMMANDS[name]
    module, _, attribute = reference.partition(":")
    assert isinstance(getattr(import_module(module), attribute), click.Command)
    assert summary


def test_a_closed_pipe_is_no_error() -> None:
    read, write = os.pipe()
    os.close(read)
    ended = subprocess.run(
        [sys.executable, "-m", "osprey", "plugins", "list", "--json"],
        stdout=write,
        stderr=subprocess.PIPE,
        timeout=60,
    )
    os.close(write)
    assert (ended.returncode, ended.stderr) == (141, b"")


def test_flags_and_environment_make_the_load_options(command: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[LoadOptions] = []
    command(lambda ctx: seen.append(load_options(ctx)))
    monkeypatch.setenv("OSPREY_DISABLE_PLUGINS", "a")
    assert main(["--no-plugin", "b", "--no-plugin", "c", "--safe-mode", "--strict-plugins", "play"]) == 0
    assert seen == [LoadOptions(disable=("a", "b", "c"), safe_mode=True, strict=True)]


def test_a_command_gets_the_project_of_the_flag(command: Any, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    roots: list[Path] = []

    async def visit() -> None:
        async with cli_project(needs_plugins=False) as project:
            roots.append(project.root)

    command(lambda ctx: anyio.run(visit))
    assert main(["--project", str(tmp_path / "mine"), "play"]) == 0
    assert roots == [tmp_path / "mine"]


def test_a_command_is_told_of_bad_plugins_and_of_rules_that_are_not_in_force(
    command: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = tmp_path / "bad.py"
    bad.write_text("raise RuntimeError('no licence')", encoding="utf-8")
    rules = tmp_path / "rules.py"
    rules.write_text("from osprey.api import WritePolicy", encoding="utf-8")

    async def visit() -> None:
        async with cli_project():
            pass

    command(lambda ctx: anyio.run(visit))
    assert main(["--plugin", str(bad), "play"]) == 0
    assert "warning: plugin 'bad' is broken: importing" in capsys.readouterr().err
    assert main(["--safe-mode", "--plugin", str(rules), "play"]) == 0
    assert "the write policies of plugin 'rules' are not loaded" in capsys.readouterr().err
    assert main(["--strict-plugins", "--plugin", str(bad), "play"]) == 1


def test_names_of_commands_are_completed_without_importing_them(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("_OSPREY_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", "osprey plug")
    monkeypatch.setenv("COMP_CWORD", "1")
    assert main([]) == 0
    assert capsys.readouterr().out == "plain,plugins\n"
