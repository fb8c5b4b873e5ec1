"""An edit is another request: checked again, with the difference shown, and approved by nobody."""

from __future__ import annotations

import json
import stat
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from osprey.cli import terminal
from osprey.errors import RefusedError, UsageError

BATCH = ("BEND:CURRENT:SP=3", "QUAD:CURRENT:SP=2", "SEXT:CURRENT:SP=1")


def _values(inbox: Any, request_id: str) -> dict[str, float]:
    groups = inbox.show(request_id)["document"]["writes"]["groups"]
    return {item["channel"]: float.fromhex(item["value"]) for group in groups for item in group}


def test_an_edit_supersedes_and_shows_what_it_changed(inbox: Any) -> None:
    row = inbox.filed(*BATCH)
    done = inbox.approvals("edit", row["id"], "--set", "BEND:CURRENT:SP=2.5", "--drop", "2")
    [new] = inbox.json("approvals", "list")
    assert (new["state"], new["votes"], new["supersedes"]) == ("pending", 0, row["id"])
    assert _values(inbox, new["id"]) == {"BEND:CURRENT:SP": 2.5, "SEXT:CURRENT:SP": 1.0}
    lines = done.stdout.splitlines()
    assert [line[0] for line in lines[:4]] == ["-", "-", "+", " "]
    assert f"Filed {new['id']}, hash {new['hash'][:8]}, in the place of {row['id']}. Nobody has approved it." in lines
    assert inbox.show(row["id"])["state"] == "superseded"
    assert inbox.show(row["id"])["successor"] == new["id"]
    assert inbox.show(new["id"])["difference"] == lines[:4]


def test_the_old_hash_approves_nothing_any_more(inbox: Any) -> None:
    row = inbox.filed(*BATCH)
    inbox.approvals("edit", row["id"], "--drop", "1")
    [new] = inbox.json("approvals", "list")
    for request_id in (row["id"], new["id"]):
        refused = inbox.approvals("approve", request_id, "--hash", row["hash"][:8], code=None)
        assert isinstance(refused.exception, RefusedError)


def test_an_edit_beyond_the_limits_is_refused_and_the_first_request_stands(inbox: Any) -> None:
    row = inbox.filed(*BATCH)
    refused = inbox.approvals("edit", row["id"], "--set", "BEND:CURRENT:SP=1e6", code=None)
    assert isinstance(refused.exception, RefusedError)
    assert [(one["id"], one["state"]) for one in inbox.json("approvals", "list")] == [(row["id"], "pending")]


def test_a_file_says_all_of_it(inbox: Any, tmp_path: Path) -> None:
    row = inbox.filed(*BATCH)
    path = tmp_path / "edited.json"
    path.write_text(json.dumps({"groups": [[{"channel": "QUAD:CURRENT:SP", "value": 1.5}]]}), encoding="utf-8")
    new = inbox.json("approvals", "edit", row["id"], "--file", str(path))
    assert _values(inbox, new["id"]) == {"QUAD:CURRENT:SP": 1.5}


@pytest.mark.parametrize(
    "options",
    [
        ["--set", "BEND:CURRENT:SP"],
        ["--set", "BEND:CURRENT=1"],
        ["--set", "=1"],
        ["--drop", "4"],
        ["--drop", "1", "--set", "BEND:CURRENT:SP=1"],
        ["--set", "BEND:CURRENT:SP=3"],
        [],
    ],
)
def test_what_makes_no_sense_changes_nothing(inbox: Any, options: list[str]) -> None:
    row = inbox.filed(*BATCH)
    wrong = inbox.approvals("edit", row["id"], *options, code=None)
    assert isinstance(wrong.exception, UsageError), wrong.output
    assert [(one["id"], one["state"]) for one in inbox.json("approvals", "list")] == [(row["id"], "pending")]


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b"[]", b'{"groups": 3}', b'{"groups": [[{"channel": "A"}]]}'])
def test_a_file_that_is_no_edit_changes_nothing(inbox: Any, tmp_path: Path, content: bytes) -> None:
    row = inbox.filed(*BATCH)
    path = tmp_path / "edited.json"
    path.write_bytes(content)
    wrong = inbox.approvals("edit", row["id"], "--file", str(path), code=None)
    assert isinstance(wrong.exception, UsageError), wrong.output
    assert len(inbox.json("approvals", "list")) == 1


@pytest.fixture
def editor(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[str], Path]:
    """Give an editor that runs a line of Python on the text, and a file that names what it was given."""

    def set_editor(change: str) -> Path:
        script, seen = tmp_path / "editor.py", tmp_path / "seen"
        script.write_text(
            "import sys, os, pathlib\n"
            "path = pathlib.Path(sys.argv[-1])\n"
            f"pathlib.Path({str(seen)!r}).write_text(f'{{path}} {{os.stat(path.parent).st_mode}}')\n"
            f"text = path.read_text()\n{change}\npath.write_text(text)\n",
            encoding="utf-8",
        )
        monkeypatch.setenv("VISUAL", f"{sys.executable} {script}")
        return seen

    monkeypatch.setattr(terminal, "has_terminal", lambda: True)
    return set_editor


def test_the_editor_gets_a_private_file_that_is_gone_afterwards(inbox: Any, editor: Callable[[str], Path]) -> None:
    row = inbox.filed(*BATCH)
    seen = editor("text = text.replace('\"value\": 3.0', '\"value\": 2.75')")
    inbox.approvals("edit", row["id"])
    [new] = inbox.json("approvals", "list")
    assert _values(inbox, new["id"])["BEND:CURRENT:SP"] == 2.75
    path, _, mode = seen.read_text(encoding="utf-8").partition(" ")
    assert stat.S_IMODE(int(mode)) == 0o700
    assert not Path(path).parent.exists()


def test_an_editor_that_changes_nothing_files_nothing(inbox: Any, editor: Callable[[str], Path]) -> None:
    row = inbox.filed(*BATCH)
    seen = editor("pass")
    wrong = inbox.approvals("edit", row["id"], code=None)
    assert isinstance(wrong.exception, UsageError)
    assert not Path(seen.read_text(encoding="utf-8").partition(" ")[0]).exists()
    assert len(inbox.json("approvals", "list")) == 1


def test_what_was_written_and_cannot_be_filed_is_kept(inbox: Any, editor: Callable[[str], Path]) -> None:
    row = inbox.filed(*BATCH)
    editor("text = text.replace('\"value\": 3.0', '\"value\": 1e9')")
    refused = inbox.approvals("edit", row["id"], code=None)
    assert isinstance(refused.exception, RefusedError)
    [path] = [Path(word.rstrip(",")) for word in refused.stderr.split() if word.endswith(".json,")]
    assert "1e9" in path.read_text(encoding="utf-8")
    path.unlink()
    path.parent.rmdir()


def test_no_editor_opens_on_what_is_decided(inbox: Any, editor: Callable[[str], Path]) -> None:
    row = inbox.filed(*BATCH)
    inbox.approvals("reject", row["id"], "--reason", "no")
    seen = editor("pass")
    refused = inbox.approvals("edit", row["id"], code=None)
    assert isinstance(refused.exception, RefusedError)
    assert refused.exception.rule == "approval.rejected"
    assert not seen.exists()


def test_an_editor_that_fails_files_nothing(inbox: Any, editor: Callable[[str], Path]) -> None:
    row = inbox.filed(*BATCH)
    editor("sys.exit(3)")
    wrong = inbox.approvals("edit", row["id"], code=None)
    assert isinstance(wrong.exception, UsageError)
    assert "ended with code 3" in str(wrong.exception)


def test_what_is_one_text_is_edited_as_that_text(inbox: Any, editor: Callable[[str], Path], tmp_path: Path) -> None:
    inbox.configure(capabilities={"memory": {"enabled": True}})
    row = inbox.asked("remember that BPM 7 is noisy")
    seen = editor("text = text.replace('7', '8')")
    inbox.approvals("edit", row["id"])
    assert seen.read_text(encoding="utf-8").partition(" ")[0].endswith(".txt")
    [second] = inbox.json("approvals", "list")
    content = inbox.show(second["id"])["document"]["content"]["content"]
    assert content == inbox.show(row["id"])["document"]["content"]["content"].replace("7", "8")
    path = tmp_path / "memory.txt"
    path.write_text("BPM 9 is noisy\n", encoding="utf-8")
    third = inbox.json("approvals", "edit", second["id"], "--file", str(path))
    assert inbox.show(third["id"])["document"]["content"]["content"] == "BPM 9 is noisy"


def test_a_field_is_set_by_its_name_and_no_other_is_there(inbox: Any) -> None:
    inbox.configure(capabilities={"memory": {"enabled": True}})
    row = inbox.asked("remember that BPM 7 is noisy")
    wrong = inbox.approvals("edit", row["id"], "--set", "user=mallory", code=None)
    assert isinstance(wrong.exception, UsageError)
    new = inbox.json("approvals", "edit", row["id"], "--set", "content=a = b")
    assert inbox.show(new["id"])["document"]["content"]["content"] == "a = b"


def test_a_kind_that_cannot_be_edited_says_so_before_anything_opens(inbox: Any) -> None:
    inbox.configure({"reads": {"kinds": ["channel_read"]}})
    row = inbox.asked("what is BEND")
    wrong = inbox.approvals("edit", row["id"], code=None)
    assert isinstance(wrong.exception, UsageError)
    assert "cannot be edited" in str(wrong.exception)
