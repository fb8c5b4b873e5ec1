"""A full disk: everything refuses with a sentence, nothing is written, and nothing is lost."""

from __future__ import annotations

import contextlib
from pathlib import Path

from tests.conftest import CommandLine


def test_a_full_disk_refuses_and_the_approval_is_carried_out_once_there_is_room(
    small_disk: Path, tmp_path: Path
) -> None:
    history = tmp_path / "ring.jsonl"
    (small_disk / "config.yml").write_text(
        f"control_system: {{connector: {{sim: {{state: {history}}}}}}}\n", encoding="utf-8"
    )
    line = CommandLine(small_disk)
    thread = line("ask", "--json", "set HCM03 to 0.5 A", code=4).json["thread"]
    line.approve_waiting()
    puts = _text(history)
    filler = small_disk / "filler"
    with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while file.write(bytes(1024)):
            pass
    full = line("resume", thread, code=1)
    assert "Traceback" not in full.err
    assert "disk" in full.err
    assert _text(history) == puts, "something was written to the machine"
    filler.unlink()
    assert "1 of 1 writes confirmed" in line("resume", thread, "--json").json["answer"]
    assert line("audit", "verify", "--json").json["intact"]


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""
