"""The guide on prompts: its file is an override that fits, its plugin declares one, and the inputs fill it in."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.docs.generate import REFERENCE

from osprey.cli.root import osprey

GUIDE = (REFERENCE.parent / "how-to/change-what-models-are-told.md").read_text(encoding="utf-8")


def snippet(language: str) -> str:
    [found] = re.findall(rf"```{language}\n(.*?)```", GUIDE, re.DOTALL)
    return found


def test_the_file_of_the_guide_counts_in_a_project(tmp_path: Path) -> None:
    (tmp_path / "prompts").mkdir()
    (tmp_path / "prompts/classify.md").write_text(snippet("markdown"), encoding="utf-8")
    (tmp_path / "inputs.json").write_text(snippet("json"), encoding="utf-8")
    base = ["--project", str(tmp_path), "prompts"]
    listed = CliRunner().invoke(osprey, [*base, "list"])
    assert not listed.stderr
    shown = CliRunner().invoke(osprey, [*base, "show", "classify", "--rendered-with", str(tmp_path / "inputs.json")])
    assert "our storage ring" in shown.stdout
    assert "- channel_read: Read channels now." in shown.stdout
    assert "An earlier choice" not in shown.stdout


def test_the_plugin_of_the_guide_overrides_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "site/my_facility"
    (package / "prompts").mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "prompts/classify.md").write_text(snippet("markdown"), encoding="utf-8")
    (tmp_path / "site/toy_prompts.py").write_text(snippet("python"), encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    (tmp_path / "project").mkdir()
    base = ["--project", str(tmp_path / "project"), "--plugin", str(tmp_path / "site/toy_prompts.py")]
    shown = CliRunner().invoke(osprey, [*base, "prompts", "show", "classify"])
    assert "our storage ring" in shown.stdout
