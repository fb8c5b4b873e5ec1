"""`osprey python check`: what is printed, and what it ends with."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from osprey.cli.root import run


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.yml").write_text("", encoding="utf-8")
    for name, code in {
        "reads.py": "import epics\nresults = {'v': epics.caget('A')}\n",
        "writes.py": "import epics\n\nepics.caput('A\x1b[2J', 1)\n",
        "broken.py": "x = 1\ny = (\n",
        "hides.py": "import os\nos.system('caput A 1')\n",
    }.items():
        (tmp_path / name).write_text(code, encoding="utf-8")
    return tmp_path


def test_a_file_that_only_reads_ends_with_0(folder, capsys):
    assert run(["python", "check", "reads.py"]) == 0
    assert capsys.readouterr().out == "reads.py: reads only\n  line 2: reads A (pyepics: epics.caget)\n"


@pytest.mark.parametrize("name", ["writes.py", "broken.py", "hides.py"])
def test_a_file_that_may_write_ends_with_3(folder, name):
    assert run(["python", "check", "reads.py", name]) == 3


def test_text_of_a_file_is_shown_escaped(folder, capsys):
    run(["python", "check", "writes.py"])
    shown = capsys.readouterr().out
    assert "\x1b" not in shown
    assert "line 3: writes A\\u001b[2J (pyepics: epics.caput)" in shown


def test_a_file_that_does_not_parse_names_its_line(folder, capsys):
    run(["python", "check", "broken.py"])
    assert "line 2: doubt, syntax: '(' was never closed" in capsys.readouterr().out


def test_json_is_one_array_in_the_order_asked(folder, capsys):
    run(["python", "check", "writes.py", "hides.py", "--json"])
    first, second = json.loads(capsys.readouterr().out)
    assert (first["file"], first["verdict"], second["verdict"]) == ("writes.py", "writes", "cannot_tell")
    [write] = first["writes"]
    assert write == {"line": 3, "library": "pyepics", "call": "epics.caput", "channel": "A\x1b[2J"}
    assert {"reads", "dangers", "deceptive"} <= first.keys()
    assert second["dangers"][0]["kind"] == "processes"


def test_a_file_that_is_not_there_is_a_usage_error(folder, capsys):
    assert run(["python", "check", "nothing.py"]) == 2
    assert "nothing.py cannot be read: No such file" in capsys.readouterr().err
