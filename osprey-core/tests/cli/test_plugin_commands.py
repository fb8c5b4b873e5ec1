"""`osprey plugins`, as a person and as a script meet it."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import pytest

from osprey.cli import main

PLUGIN = """
from osprey.registrations import Command, Provider
from osprey.hookspecs import hookimpl
"""


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of toy plugins, and an empty project as the working directory."""
    folder = tmp_path / "site"
    folder.mkdir()
    (tmp_path / "project").mkdir()
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path / "project")
    yield folder
    for name in [name for name in sys.modules if name.startswith("toycli_")]:
        del sys.modules[name]


def _install(site: Path, name: str, source: str = "") -> None:
    (site / f"toycli_{name}.py").write_text(f'"""The {name} toy."""{PLUGIN}{dedent(source)}', encoding="utf-8")
    info = site / f"osprey_{name}-1.2.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Name: osprey-{name}\nVersion: 1.2\n", encoding="utf-8")
    (info / "entry_points.txt").write_text(f"[osprey.plugins]\n{name} = toycli_{name}\n", encoding="utf-8")


POLICY = """
from osprey.registrations import WritePolicy

@hookimpl
def osprey_write_policies():
    yield WritePolicy(name="rule", summary="", implementation="a:B")
"""
PROVIDER = """
@hookimpl
def osprey_providers():
    yield Provider(name="p", summary="", implementation="a:B")
"""
SHIFTS = """
import click

@click.command()
def shifts():
    "Show who is on."
    click.echo("nobody")
"""
COMMANDS = """
@hookimpl
def osprey_commands():
    yield Command(name="shifts", summary="Show the shift plan", implementation="toycli_impl:shifts")
"""


def _json(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return json.loads(capsys.readouterr().out)


def test_the_listing_for_scripts_has_these_keys(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _install(site, "mango")
    assert main(["plugins", "list", "--json"]) == 0
    [row] = [row for row in _json(capsys) if row["name"] == "mango"]
    assert row == {
        "name": "mango",
        "distribution": "osprey-mango",
        "version": "1.2",
        "status": "ok",
        "summary": "The mango toy.",
        "origin": "installed",
        "requires": [],
        "reason": "",
    }


def test_the_listing_for_people_tells_what_is_wrong(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _install(site, "bad", "raise RuntimeError('no licence')")
    assert main(["plugins", "list", "--timing"]) == 0
    out = capsys.readouterr().out
    assert out.splitlines()[0].split() == ["NAME", "STATUS", "VERSION", "ORIGIN", "IMPORT", "SUMMARY"]
    assert "bad: importing toycli_bad raised RuntimeError: no licence" in out


def test_strict_fails_the_listing_of_a_bad_plugin(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _install(site, "bad", "raise RuntimeError")
    assert main(["--strict-plugins", "plugins", "list"]) == 1
    assert "not usable: bad" in capsys.readouterr().err


def test_show_names_what_nothing_asks_for_yet(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    hook = "@hookimpl\ndef osprey_providers():\n    yield Provider(name='p', summary='', implementation='a:B')\n"
    _install(site, "mango", hook)
    assert main(["plugins", "show", "osprey-mango", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["provides"] == {"providers": ["p"]}
    assert shown["unconsumed"] == ["providers"]
    assert shown["import_ms"] >= 0
    assert main(["plugins", "show", "mango"]) == 0
    assert "nothing in this release asks for these yet" in capsys.readouterr().out


def test_an_unknown_plugin_comes_with_the_closest(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _install(site, "mango")
    assert main(["plugins", "show", "mngo"]) == 1
    assert "did you mean mango" in capsys.readouterr().err


def test_the_doctor_shows_the_traceback(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _install(site, "bad", "raise RuntimeError('no licence')")
    assert main(["plugins", "doctor"]) == 1
    out = capsys.readouterr().out
    assert "bad: broken in phase import" in out
    assert 'toycli_bad.py", line' in out


def test_the_doctor_is_content(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _install(site, "mango")
    assert main(["plugins", "doctor", "mango"]) == 0
    assert "all is well" in capsys.readouterr().out


def test_disabling_makes_a_minimal_configuration(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _install(site, "mango")
    assert main(["plugins", "disable", "osprey-mango", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "name": "mango",
        "disabled": True,
        "changed": True,
        "file": str(Path.cwd() / "config.yml"),
    }
    assert Path("config.yml").read_text(encoding="utf-8") == "plugins:\n  disable:\n  - mango\n"
    main(["plugins", "list", "--json"])
    assert {row["name"]: row["status"] for row in _json(capsys)}["mango"] == "disabled"


def test_disabling_keeps_comments_order_and_variables(site: Path) -> None:
    _install(site, "mango")
    _install(site, "doocs")
    text = dedent("""\
        # The north hall.
        facility:
          name: "North"   # as the signs say
        plugins:
          disable:
            - mango   # until the licence is back
          require: []
        execution:
          python_env_path: ${VENV:-/opt/venv}
        """)
    Path("config.yml").write_text(text, encoding="utf-8")
    assert main(["plugins", "disable", "doocs"]) == 0
    assert main(["plugins", "disable", "mango"]) == 0
    changed = Path("config.yml").read_text(encoding="utf-8")
    assert changed == text.replace("back\n", "back\n    - doocs\n")
    assert main(["plugins", "enable", "osprey-doocs"]) == 0
    assert Path("config.yml").read_text(encoding="utf-8") == text


@pytest.mark.parametrize("prefix", ["osprey", "framework"])
def test_a_section_under_a_prefix_is_found(site: Path, prefix: str) -> None:
    _install(site, "mango")
    Path("config.yml").write_text(f"{prefix}:\n  plugins:\n    disable: [x]\n", encoding="utf-8")
    assert main(["plugins", "disable", "mango"]) == 0
    assert Path("config.yml").read_text(encoding="utf-8") == f"{prefix}:\n  plugins:\n    disable: [x, mango]\n"


def test_enabling_what_is_enabled_changes_nothing(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _install(site, "mango")
    assert main(["plugins", "enable", "mango"]) == 0
    assert "as before" in capsys.readouterr().out
    assert not Path("config.yml").exists()


def test_a_name_that_is_no_plugin_can_be_taken_out_and_not_put_in(site: Path) -> None:
    assert main(["plugins", "disable", "tnago"]) == 1
    Path("config.yml").write_text("plugins:\n  disable: [tnago]\n", encoding="utf-8")
    assert main(["plugins", "list"]) == 2
    assert main(["plugins", "enable", "tnago"]) == 0
    assert main(["plugins", "list"]) == 0


def test_the_core_cannot_be_disabled(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plugins", "disable", "core"]) == 2
    assert "part of Osprey" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["[]", "plugins: 3", "plugins: {disable: mango}", "a: [", "\x00"])
def test_a_configuration_of_another_shape_is_not_touched(site: Path, text: str) -> None:
    _install(site, "mango")
    Path("config.yml").write_text(text, encoding="utf-8")
    assert main(["plugins", "disable", "mango"]) == 2
    assert Path("config.yml").read_text(encoding="utf-8") == text


def test_disabling_write_policies_is_loud(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _install(site, "rules", POLICY)
    assert main(["plugins", "disable", "rules"]) == 0
    assert "NOT in force" in capsys.readouterr().err
    assert main(["plugins", "list"]) == 0
    assert "NOT in force" in capsys.readouterr().err


def test_help_shows_the_commands_of_plugins(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _install(site, "shifts", COMMANDS)
    assert main(["--help"]) == 0
    assert "Show the shift plan" in capsys.readouterr().out
    assert "toycli_impl" not in sys.modules
    assert main(["--safe-mode", "--help"]) == 0
    assert "Show the shift plan" not in capsys.readouterr().out


def test_a_command_of_a_plugin_runs(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _install(site, "shifts", COMMANDS)
    (site / "toycli_impl.py").write_text(
        "import click\n@click.command()\ndef shifts():\n    'Show who is on.'\n    click.echo('nobody')",
        encoding="utf-8",
    )
    assert main(["shifts"]) == 0
    assert capsys.readouterr().out == "nobody\n"


def test_a_broken_policy_plugin_stops_commands_but_not_plugins_help_and_safe_mode(
    site: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _install(site, "rules", f"raise RuntimeError('no licence')\n{POLICY}")
    _install(site, "shifts", COMMANDS)
    (site / "toycli_impl.py").write_text("import click\n@click.command()\ndef shifts(): pass", encoding="utf-8")
    assert main(["shifts"]) == 1
    assert "holds write policies and is broken" in capsys.readouterr().err
    assert main(["shifts", "--help"]) == 0
    assert main(["--help"]) == 0
    assert main(["plugins", "list"]) == 0
    assert "Osprey refuses to start" in capsys.readouterr().err
    assert main(["--safe-mode", "plugins", "list"]) == 0
    assert main(["plugins", "doctor"]) == 1


def test_help_survives_a_broken_configuration(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("config.yml").write_text("plugins: [", encoding="utf-8")
    assert main(["--help"]) == 0
    captured = capsys.readouterr()
    assert "Commands:" in captured.out
    assert "config.yml" in captured.err
    assert main(["plugins", "list"]) == 2


def test_no_plugin_takes_a_command_of_the_core(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _install(site, "usurper", COMMANDS.replace("shifts", "plugins"))
    assert main(["plugins", "show", "usurper", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["status"] == "conflicting"
