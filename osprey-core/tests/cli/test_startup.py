"""What every start imports: nothing heavy, nothing of a plugin's implementation, nothing twice."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = {
    "aiosqlite",
    "anyio",
    "cattrs",
    "epics",
    "httpx",
    "jinja2",
    "langgraph",
    "matplotlib",
    "nbformat",
    "numpy",
    "pydantic",
    "rich",
    "ruamel",
    "sqlalchemy",
}
_OLD = 1_700_000_000
# What changed within the last two seconds is not cached: an environment that was just built would be.
_PROGRAM = """
import contextlib, io, json, sys, time
time.time_ns = lambda now=time.time_ns: now() + 3_600_000_000_000
from osprey.cli import main
with contextlib.redirect_stdout(io.StringIO()) as out:
    code = main(sys.argv[1:])
print(json.dumps({"code": code, "modules": sorted(sys.modules), "out": out.getvalue()}))
"""


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """Twelve plugins whose light modules declare commands and connectors of modules that must not be imported."""
    folder = tmp_path / "site"
    for n in range(12):
        info = folder / f"osprey_light{n}-1.0.dist-info"
        info.mkdir(parents=True)
        requires = "Requires-Dist: osprey-core>=0.1"
        (info / "METADATA").write_text(f"Name: osprey-light{n}\nVersion: 1.0\n{requires}\n", encoding="utf-8")
        (info / "entry_points.txt").write_text(f"[osprey.plugins]\nlight{n} = light{n}\n", encoding="utf-8")
        (folder / f"light{n}.py").write_text(
            "from osprey.api import Command, Connector, hookimpl\n"
            f"@hookimpl\ndef osprey_commands():\n"
            f"    yield Command(name='light{n}', summary='Light {n}', implementation='heavy{n}:command')\n"
            f"@hookimpl\ndef osprey_connectors():\n"
            f"    yield Connector(name='light{n}', summary='', implementation='heavy{n}:Connector')\n",
            encoding="utf-8",
        )
        (folder / f"heavy{n}.py").write_text("import numpy, sqlalchemy, langgraph, httpx\n", encoding="utf-8")
    for path in [*folder.rglob("*"), folder, tmp_path]:
        os.utime(path, (_OLD, _OLD))
    return folder


def _run(site: Path, cache: Path, *arguments: str) -> tuple[str, set[str]]:
    ended = subprocess.run(
        [sys.executable, "-P", "-c", _PROGRAM, *arguments],
        env={**os.environ, "PYTHONPATH": str(site), "XDG_CACHE_HOME": str(cache)},
        cwd=site,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ended.returncode == 0, ended.stderr
    done = json.loads(ended.stdout)
    assert done["code"] == 0, ended.stderr
    return done["out"], set(done["modules"])


@pytest.mark.parametrize("arguments", ["--help", "plugins list", "plugins list --fast", "plugins show light3"])
@pytest.mark.parametrize("state", ["cold", "warm"])
def test_nothing_heavy_is_imported(site: Path, tmp_path: Path, arguments: str, state: str) -> None:
    cache = tmp_path / "cache"
    if state == "warm":
        _run(site, cache, "plugins", "list")
    out, modules = _run(site, cache, *arguments.split())
    assert "light3" in out
    assert {module.partition(".")[0] for module in modules} & HEAVY == set()
    assert not any(f"heavy{n}" in modules for n in range(12))


def test_fast_imports_no_plugin(site: Path, tmp_path: Path) -> None:
    out, modules = _run(site, tmp_path / "cache", "plugins", "list", "--fast")
    assert "light11" in out
    assert not any(f"light{n}" in modules for n in range(12))
    assert "pluggy" not in modules
    assert "osprey.plugin" not in modules


def test_help_lists_the_commands_of_plugins_without_their_modules_once_cached(site: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    _run(site, cache, "--help")
    assert list(cache.glob("osprey/plugins-*"))
    out, modules = _run(site, cache, "--help")
    assert "Light 11" in out
    assert not any(f"light{n}" in modules for n in range(12))
    assert {"pluggy", "packaging", "osprey.plugin"} & modules == set()


def test_a_configuration_with_plugins_is_read_once(site: Path, tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    config = project / "config.yml"
    config.write_text("plugins:\n  disable: [light1]\n", encoding="utf-8")
    os.utime(config, (_OLD, _OLD))
    arguments = ("--project", str(project), "plugins", "list", "--json")
    _run(site, tmp_path / "cache", *arguments)
    out, modules = _run(site, tmp_path / "cache", *arguments)
    assert "ruamel.yaml" not in modules
    assert {row["name"]: row["status"] for row in json.loads(out)}["light1"] == "disabled"


def test_the_package_imports_nothing() -> None:
    program = "import sys; before = set(sys.modules); import osprey; print(sorted(set(sys.modules) - before))"
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert ended.stdout.strip() == "['osprey']"
