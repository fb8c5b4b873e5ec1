"""Copies of the audit: what a genuine one proves, and what an altered one cannot hide."""

from __future__ import annotations

import csv
import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from osprey.errors import UsageError
from osprey.journal import FindingKind, Journal, Who
from osprey.journal.audit.copies import CopyForm
from osprey.journal.audit.copy_check import CopyVerdict
from osprey.storage import Database

pytestmark = pytest.mark.anyio

MALLORY = Who("os:mallory", "=HYPERLINK(1)", "+cmd")


async def fill(desk, rows: int) -> None:
    for number in range(rows):
        await desk.journal.audit.record(desk.alice, "test.happened", f"thing-{number}", {"µ": number / 3})
        desk.clock.move(1)
    await desk.database.safety.settle()


async def copied(desk, path: Path, since_ns: int | None = None, form: CopyForm = CopyForm.JSONL) -> int:
    with path.open("w", encoding="utf-8", newline="") as file:
        return await desk.journal.records.write_copy(file, form, since_ns)


async def kinds(desk, path: Path) -> set[FindingKind]:
    return {finding.kind for finding in (await desk.journal.records.check_copy(path)).findings}


async def test_a_copy_is_genuine_and_the_audit_says_the_same_also_after_more_rows(desk, tmp_path: Path) -> None:
    await fill(desk, 6)
    assert await copied(desk, tmp_path / "copy") == 6
    await fill(desk, 3)
    verdict = await desk.journal.records.check_copy(tmp_path / "copy")
    assert (verdict.is_intact, verdict.first, verdict.rows) == (True, 1, 6)
    head = json.loads((tmp_path / "copy").read_text().splitlines()[0])
    anchor = (desk.state_dir / "audit.anchor").read_text()
    assert head["anchor"] in anchor
    assert head["anchor"].startswith("6 ")


async def test_a_copy_of_the_newest_part_chains_to_the_row_before_it(desk, tmp_path: Path) -> None:
    await fill(desk, 6)
    since_ns = (await desk.journal.audit.log())[3].ns
    assert await copied(desk, tmp_path / "copy", since_ns) == 3
    verdict = await desk.journal.records.check_copy(tmp_path / "copy")
    assert (verdict.is_intact, verdict.first, verdict.rows) == (True, 4, 3)


async def test_a_copy_of_nothing_is_a_copy_too(desk, tmp_path: Path) -> None:
    assert await copied(desk, tmp_path / "empty") == 0
    await fill(desk, 2)
    assert await copied(desk, tmp_path / "late", desk.clock()) == 0
    for name in ("empty", "late"):
        assert (await desk.journal.records.check_copy(tmp_path / name)).is_intact


def _edit(number: int, change: Callable[[dict[str, Any]], None]) -> Callable[[list[str]], None]:
    def edit(lines: list[str]) -> None:
        told = json.loads(lines[number])
        change(told)
        lines[number] = json.dumps(told)

    return edit


def _shorten(lines: list[str]) -> None:
    """Cut the last row off and have the head say so, as somebody without the key can."""
    lines.pop()
    last = json.loads(lines[-1])
    _edit(0, lambda head: head.update(rows=head["rows"] - 1, last=last["seq"], end=last["mac"]))(lines)


@pytest.mark.parametrize(
    "change",
    [
        _edit(3, lambda row: row.update(actor="os:mallory")),
        _edit(3, lambda row: row.update(ns=row["ns"] + 1)),
        _edit(3, lambda row: row.update(mac="0" * 64)),
        _edit(3, lambda row: row.update(extra=1)),
        _edit(3, lambda row: row.update(seq=99)),
        _edit(0, lambda head: head.update(written="2001-01-01T00:00:00+00:00")),
        _edit(0, lambda head: head.update(anchor=None)),
        lambda lines: lines.pop(),
        lambda lines: lines.pop(2),
        lambda lines: lines.insert(2, lines[3]),
        lambda lines: lines.__setitem__(slice(2, 4), [lines[3], lines[2]]),
        lambda lines: lines.append("what"),
        lambda lines: lines.append(lines[-1]),
        _shorten,
    ],
)
async def test_a_copy_that_was_altered_is_not_genuine(
    desk, tmp_path: Path, change: Callable[[list[str]], object]
) -> None:
    await fill(desk, 5)
    path = tmp_path / "copy"
    await copied(desk, path)
    lines = path.read_text().splitlines()
    change(lines)
    path.write_text("\n".join(lines) + "\n")
    assert await kinds(desk, path) == {FindingKind.COPY_DAMAGED}


async def test_a_copy_finds_a_table_and_an_anchor_that_were_cut_back_together(desk, tmp_path: Path) -> None:
    await fill(desk, 6)
    await copied(desk, tmp_path / "copy")
    desk.tamper("DELETE FROM audit WHERE seq > 3")
    anchor = desk.state_dir / "audit.anchor"
    kept = [line for line in anchor.read_text().splitlines() if not line.startswith(("4 ", "5 ", "6 "))]
    anchor.write_text("\n".join(kept) + "\n")
    assert (await desk.journal.audit.verify()).is_intact
    verdict = await desk.journal.records.check_copy(tmp_path / "copy")
    assert [finding.kind for finding in verdict.findings] == [FindingKind.COPY_DIFFERS]
    assert verdict.findings[0].message == "3 exported rows, from 4 to 6, are not in the audit"


async def test_a_copy_finds_a_history_that_was_sealed_anew_with_the_key(desk, tmp_path: Path) -> None:
    await fill(desk, 4)
    await copied(desk, tmp_path / "copy")
    shutil.copytree(desk.state_dir, tmp_path / "forged")
    for name in ("osprey.db", "osprey.db-wal", "osprey.db-shm", "audit.anchor"):
        (tmp_path / "forged" / name).unlink(missing_ok=True)
    (tmp_path / "forged" / "audit.key").unlink()
    database = Database.open(tmp_path / "forged")
    Journal.open(database)
    database.close()
    shutil.copy(desk.state_dir / "audit.key", tmp_path / "forged" / "audit.key")
    (tmp_path / "forged" / "audit.anchor").unlink()
    database = Database.open(tmp_path / "forged")
    forged = Journal.open(database, clock=desk.clock)
    for _ in range(4):
        await forged.audit.record(MALLORY, "test.happened")
    assert (await forged.audit.verify()).is_intact
    verdict = await forged.records.check_copy(tmp_path / "copy")
    assert {finding.kind for finding in verdict.findings} == {FindingKind.COPY_DIFFERS}
    assert len(verdict.findings) == 4
    database.close()


async def test_a_copy_that_another_project_made_proves_nothing_here(desk, tmp_path: Path) -> None:
    await fill(desk, 2)
    await copied(desk, tmp_path / "copy")
    database = Database.open(tmp_path / "other")
    journal = Journal.open(database)
    verdict: CopyVerdict = await journal.records.check_copy(tmp_path / "copy")
    assert {finding.kind for finding in verdict.findings} == {FindingKind.COPY_DAMAGED}
    assert "sealed with another key" in verdict.findings[0].message
    database.close()


async def test_a_row_of_bytes_and_of_broken_text_is_copied_as_it_is_and_told(desk, tmp_path: Path) -> None:
    await fill(desk, 4)
    desk.tamper(
        "UPDATE audit SET subject = x'ff00' WHERE seq = 2",
        "UPDATE audit SET subject = CAST(x'ff41' AS TEXT) WHERE seq = 3",
    )
    assert not (await desk.journal.audit.verify()).is_intact
    assert await copied(desk, tmp_path / "copy") == 4
    assert await copied(desk, tmp_path / "sheet", form=CopyForm.CSV) == 4
    assert await kinds(desk, tmp_path / "copy") == {FindingKind.COPY_DAMAGED}


async def test_a_sheet_holds_every_row_and_no_formula(desk, tmp_path: Path) -> None:
    await desk.journal.audit.record(MALLORY, "test.happened", "@SUM(1)", {"reason": 'a "quoted",\nword'})
    await desk.database.safety.settle()
    path = tmp_path / "sheet.csv"
    assert await copied(desk, path, form=CopyForm.CSV) == 1
    header, row, anchor = csv.reader(io.StringIO(path.read_text()))
    told = dict(zip(header, row, strict=True))
    assert (told["row"], told["terminal"], told["host"], told["subject"]) == (
        "1",
        "'=HYPERLINK(1)",
        "'+cmd",
        "'@SUM(1)",
    )
    assert json.loads(told["detail"]) == {"reason": 'a "quoted",\nword'}
    assert told["time"].startswith("2027-")
    assert (anchor[0], anchor[7], anchor[-1]) == ("1", "(anchor)", told["mac"])


@pytest.mark.parametrize("text", ["", "{}\n", "row,time\n", '{"format": "osprey audit copy 1"}\n', "[1]\n"])
async def test_what_is_no_copy_is_said_to_be_none(desk, tmp_path: Path, text: str) -> None:
    (tmp_path / "copy").write_text(text)
    with pytest.raises(UsageError, match="is no copy of an audit"):
        await desk.journal.records.check_copy(tmp_path / "copy")
