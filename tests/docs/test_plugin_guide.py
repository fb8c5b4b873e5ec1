"""The plugin that the guide describes, put together from its own snippets: it loads, and its policy denies."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from tests.docs.generate import REFERENCE

GUIDE = (REFERENCE.parent / "how-to/write-a-plugin.md").read_text(encoding="utf-8")
OSPREY = Path(sys.executable).with_name("osprey")


def _snippets(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", GUIDE, re.DOTALL)


@pytest.fixture
def osprey(tmp_path: Path) -> Any:
    """Install the guide's distribution into a folder, and give the command line that sees it."""
    declaration, policy, _ = _snippets("python")
    project: dict[str, Any] = tomllib.loads(_snippets("toml")[0])["project"]
    package = tmp_path / "site/my_facility"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "plugin.py").write_text(declaration, encoding="utf-8")
    (package / "policies.py").write_text(policy, encoding="utf-8")
    info = tmp_path / f"site/{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    info.mkdir()
    requires = "".join(f"Requires-Dist: {line}\n" for line in project["dependencies"])
    (info / "METADATA").write_text(f"Name: {project['name']}\nVersion: {project['version']}\n{requires}")
    points = "".join(f"{name} = {module}\n" for name, module in project["entry-points"]["osprey.plugins"].items())
    (info / "entry_points.txt").write_text(f"[osprey.plugins]\n{points}")

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "PYTHONPATH": str(tmp_path / "site"), "COLUMNS": "110"}
        command = [str(OSPREY), "--project", str(tmp_path), *arguments]
        return subprocess.run(command, env=environment, text=True, capture_output=True, check=False, timeout=60)

    return run


def test_the_plugin_is_listed_as_ok_with_its_summary(osprey: Any) -> None:
    listed = osprey("plugins", "list", "--json")
    [plugin] = [row for row in json.loads(listed.stdout) if row["name"] == "my-facility"]
    assert (plugin["status"], plugin["reason"], plugin["origin"]) == ("ok", "", "installed")
    assert plugin["summary"] == "My facility: its correctors stay put during user beam."
    shown = json.loads(osprey("plugins", "show", "my-facility", "--json").stdout)
    assert shown["provides"] == {"connectors": ["doocs"], "write_policies": ["user_beam"]}


def test_its_policy_denies_with_the_words_of_the_guide(osprey: Any) -> None:
    asked = osprey("ask", "set HCM03 to 0.5 A")
    assert asked.returncode == 3, asked.stderr
    *_, expected = re.findall(r"^  (SR:.*\[policy\.user_beam\])$", GUIDE, re.MULTILINE)
    assert expected in asked.stdout


def test_what_the_policy_does_not_speak_of_goes_on_to_a_person(osprey: Any) -> None:
    assert osprey("ask", "set VCM03 to 0.5 A").returncode == 4


def test_a_missing_policy_plugin_that_is_required_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "config.yml").write_text("plugins: {require: [osprey-my-facility]}\n")
    command = [str(OSPREY), "--project", str(tmp_path), "ask", "what is the beam current"]
    ended = subprocess.run(command, text=True, capture_output=True, check=False, timeout=60)
    assert ended.returncode == 1
    assert "osprey-my-facility" in ended.stderr
