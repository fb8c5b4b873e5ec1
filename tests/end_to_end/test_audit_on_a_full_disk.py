"""A full disk takes no row of the audit: what is refused is told, kept, and appended once there is room."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.conftest import CommandLine


def fill(disk: Path) -> Path:
    """Take every block that is left, down to the last."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while file.write(bytes(512)):
            pass
    return filler


def late_refusals(line: CommandLine) -> list[dict[str, Any]]:
    rows = line("audit", "log", "--event", "refused", "--json").json
    return [row["detail"] for row in rows if "spooled" in row["detail"]]


def test_a_process_that_cannot_even_open_the_journal_leaves_a_row_of_its_refusal(
    small_disk: Path, tmp_path: Path
) -> None:
    (small_disk / "config.yml").write_text(
        f"control_system: {{connector: {{sim: {{state: {tmp_path / 'ring.jsonl'}}}}}}}\n", encoding="utf-8"
    )
    line = CommandLine(small_disk)
    thread = line("ask", "--json", "set HCM03 to 0.5 A", code=4).json["thread"]
    line.approve_waiting()
    filler = fill(small_disk)
    full = line("resume", thread, code=1)
    assert "refused: open" in full.err
    assert "audit.spool until it can" in full.err
    again = line("resume", thread, code=1)
    assert "refused: open" not in again.err, "one row for each user and cause is enough"
    filler.unlink()
    assert "1 of 1 writes confirmed" in line("resume", thread, "--json").json["answer"]
    (late,) = late_refusals(line)
    assert (late["what"], late["rule"]) == ("open", "ledger.unavailable")
    assert "disk" in late["spooled"]["cause"]
    assert line("audit", "verify", "--json").json["intact"]


LIVING = """
import sys
from pathlib import Path

import anyio

from osprey.control import ApplyRequest, guard_of
from osprey.approval import current_actor
from osprey.journal import journal_of
from osprey.project import open_project


async def main():
    async with open_project(Path(sys.argv[1])) as project:
        journal = journal_of(project)
        [row] = [row for row in await journal.requests.list() if row.state == "approved"]
        print("open", flush=True)
        sys.stdin.readline()
        for sha256 in ("0" * 64, row.sha256):
            report = await guard_of(project).apply(
                ApplyRequest(request_id=row.id, sha256=sha256, actor=current_actor())
            )
            print(report.status, report.rule, flush=True)
        print(len(await journal.audit.log()), flush=True)


anyio.run(main)
"""


def test_a_living_process_refuses_each_write_for_its_reason_and_each_reason_is_kept(
    small_disk: Path, tmp_path: Path
) -> None:
    history = tmp_path / "ring.jsonl"
    (small_disk / "config.yml").write_text(
        f"control_system: {{connector: {{sim: {{state: {history}}}}}}}\n", encoding="utf-8"
    )
    line = CommandLine(small_disk)
    thread = line("ask", "--json", "set HCM03 to 0.5 A", code=4).json["thread"]
    line.approve_waiting()
    command = [sys.executable, "-c", LIVING, str(small_disk)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
        filler = fill(small_disk)
        puts = history.read_text(encoding="utf-8") if history.exists() else ""
        # Whoever only reads is served while the disk is full.
        assert line("audit", "verify", "--json").json["intact"]
        assert line("ledger", "list", "--json").json == []
        out, told = process.communicate("\n", timeout=60)
    assert process.returncode == 0, told
    wrong, right, rows = out.splitlines()
    assert wrong == "refused approval.hash"
    assert right == "approved ledger.unavailable"
    assert int(rows) > 0
    assert told.count("osprey: refused: apply of req-") == 2
    assert (history.read_text(encoding="utf-8") if history.exists() else "") == puts, "something was written"
    filler.unlink()
    assert "1 of 1 writes confirmed" in line("resume", thread, "--json").json["answer"]
    assert [(one["what"], one["rule"]) for one in late_refusals(line)] == [
        ("apply", "approval.hash"),
        ("apply", "ledger.unavailable"),
    ]
    assert all("disk is full" in one["spooled"]["cause"] for one in late_refusals(line))
    assert line("audit", "verify", "--json").json["intact"]
