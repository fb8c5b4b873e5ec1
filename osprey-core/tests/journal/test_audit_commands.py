"""`osprey audit`, on the journal of a project in a folder of its own."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import anyio
import pytest
from click.testing import CliRunner, Result

from osprey.cli.audit_commands import audit
from osprey.errors import UsageError
from osprey.journal import Journal, NewRequest, RequestState, Who, journal_of
from osprey.project import open_project

BOB = Who("os:bob", "/dev/pts/7", "console")


@pytest.fixture
def project_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "config.yml").write_text("facility: {time_zone: Europe/Berlin}\n")
    monkeypatch.setenv("OSPREY_PROJECT", str(tmp_path))
    return tmp_path


def run(*words: str) -> Result:
    result = CliRunner().invoke(audit, list(words))
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def shown(*words: str) -> Any:
    return json.loads(run(*words, "--json").stdout)


def on_journal(project_dir: Path, work: Callable[[Journal], Any]) -> Any:
    async def main() -> Any:
        async with open_project(project_dir) as project:
            return await work(journal_of(project))

    return anyio.run(main)


async def live(journal: Journal) -> str:
    """Have one request live its life, refused once in between."""
    new = NewRequest(
        kind="channel_write", title="set HCM03 to 0.5 A", thread="t", document="{}", risk="low",
        requester="os:alice", expires_ns=4_000_000_000_000_000_000,
    )  # fmt: skip
    row = await journal.requests.create(new)
    await journal.audit.refusal(BOB, "apply", "limits.max", "too\x1b[2J much", subject=row.id)
    await journal.requests.approve(row.id, row.sha256, BOB, text="go on")
    await journal.ledger.claim(row.id, row.sha256, BOB, [])
    await journal.ledger.finish(row.id, [], RequestState.DONE, {})
    return row.id


LIFE = ["config.noted", "request.created", "refused", "request.approved", "ledger.claimed", "ledger.finished"]


def test_the_log_lists_every_row_and_the_newest_few(project_dir: Path) -> None:
    on_journal(project_dir, live)
    assert [row["event"] for row in shown("log")] == LIFE
    assert [row["event"] for row in shown("log", "--limit", "2")] == LIFE[-2:]
    lines = run("log").stdout.splitlines()
    assert len(lines) == 6
    assert "limits.max" in lines[2]


def test_the_log_is_filtered_by_subject_event_actor_and_time(project_dir: Path) -> None:
    request_id = on_journal(project_dir, live)
    assert [row["event"] for row in shown("log", "--subject", request_id)] == LIFE[1:]
    assert [row["row"] for row in shown("log", "--event", "request.*", "--actor", "os:bob")] == [4]
    assert len(shown("log", "--since", "10 minutes ago")) == 6
    assert len(shown("log", "--since", "2026-01-01T00:00:00Z")) == 6
    assert shown("log", "--since", "now") == []
    none = run("log", "--event", "nothing.*")
    assert (none.stdout, none.stderr) == ("", "The audit has no such row.\n")
    with pytest.raises(UsageError, match="--since: 'soon' is no time"):
        run("log", "--since", "soon")


def test_a_row_is_shown_in_full_with_its_seal(project_dir: Path) -> None:
    on_journal(project_dir, live)
    text = run("show", "3").stdout
    assert "os:bob" in text
    assert "/dev/pts/7" in text
    assert '"rule": "limits.max"' in text
    assert "(genuine)" in text
    row = shown("show", "3")
    assert (row["event"], row["genuine"], row["host"], row["detail"]["what"]) == ("refused", True, "console", "apply")
    with pytest.raises(UsageError, match="has no row 99"):
        run("show", "99")


def test_everything_about_one_request_is_shown_in_order_with_the_decisions(project_dir: Path) -> None:
    request_id = on_journal(project_dir, live)
    trail = shown("show", request_id)
    assert [row["event"] for row in trail["rows"]] == LIFE[1:]
    assert (trail["state"], trail["title"]) == ("done", "set HCM03 to 0.5 A")
    (decision,) = trail["decisions"]
    assert (decision["word"], decision["person"], decision["text"], decision["authenticated"]) == (
        "approve", "os:bob", "go on", False,
    )  # fmt: skip
    text = run("show", request_id).stdout
    assert text.index("request.created") < text.index("refused") < text.index("ledger.finished")
    assert "os:bob approved [system]: go on" in text
    assert "\x1b" not in text
    with pytest.raises(UsageError, match="no request 'req-none'"):
        run("show", "req-none")


def test_an_intact_audit_is_said_to_be_so_with_what_a_check_finds(project_dir: Path) -> None:
    on_journal(project_dir, live)
    verdict = shown("verify")
    assert (verdict["intact"], verdict["rows"], verdict["anchored"], verdict["findings"]) == (True, 6, 6, [])
    assert [one["found"] for one in verdict["finds"]][:3] == [True, True, True]
    text = run("verify").stdout
    assert "The audit is intact: 6 rows, 6 of them anchored." in text
    assert "NO   the whole folder, key and all, exchanged" in text
    assert "osprey audit export" in text


def test_a_tampered_audit_ends_with_exit_code_1(project_dir: Path) -> None:
    on_journal(project_dir, live)
    anchor = project_dir / ".osprey" / "audit.anchor"
    anchor.write_text(anchor.read_text() + f"99 {'0' * 64}\n")
    result = run("verify")
    assert result.exit_code == 1
    assert "truncated: the anchor has seen 99 rows" in result.stdout
    assert "NOT INTACT" in result.stdout
    assert shown("verify")["intact"] is False


def test_a_copy_is_made_once_private_and_checked(project_dir: Path) -> None:
    on_journal(project_dir, live)
    copy = project_dir / "copy.jsonl"
    made = run("export", "--output", str(copy))
    assert (made.stdout, made.exit_code) == ("", 0)
    assert f"Copied 6 rows to {copy}." in made.stderr
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    checked = run("verify", "--export", str(copy))
    assert checked.exit_code == 0
    assert "rows 1 to 6, is genuine, and the audit says the same." in checked.stdout
    assert shown("verify", "--export", str(copy))["intact"] is True
    with pytest.raises(UsageError, match="a copy is never replaced"):
        run("export", "--output", str(copy))
    with pytest.raises(UsageError, match="give another place"):
        run("export", "--output", str(project_dir / "nowhere" / "copy"))
    copy.write_text(copy.read_text().replace("os:bob", "os:eve"))
    altered = run("verify", "--export", str(copy))
    assert altered.exit_code == 1
    assert "copy damaged: the copy is not genuine: row 3 was changed" in altered.stdout
    assert "NOT what the audit says" in altered.stdout


def test_a_copy_goes_to_standard_output_in_both_forms_and_from_a_moment_on(project_dir: Path) -> None:
    on_journal(project_dir, live)
    lines = run("export").stdout.splitlines()
    assert [json.loads(line).get("event") for line in lines] == [None, *LIFE]
    rows = run("export", "--format", "csv").stdout.splitlines()
    assert rows[0].startswith("row,time,ns")
    assert len(rows) == 8
    assert len(run("export", "--since", "now").stdout.splitlines()) == 1


def test_a_copy_of_an_audit_that_is_not_intact_says_so(project_dir: Path) -> None:
    on_journal(project_dir, live)
    anchor = project_dir / ".osprey" / "audit.anchor"
    anchor.write_text(anchor.read_text() + "nonsense\n")
    result = run("export", "--output", str(project_dir / "copy"))
    assert result.exit_code == 1
    assert "NOT INTACT, and so is the copy" in result.stderr


def test_a_copy_that_could_not_be_finished_is_not_there(project_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    on_journal(project_dir, live)

    def full(connection: Any, key: bytes, anchored: Any, file: IO[str], *_: object) -> int:
        file.write("{}")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("osprey.journal.audit.records.write_copy", full)
    with pytest.raises(UsageError, match=r"could not be written to .*copy: No space left on device"):
        run("export", "--output", str(project_dir / "copy"))
    assert not (project_dir / "copy").exists()
    with pytest.raises(OSError, match="No space left"):
        run("export")


def test_a_person_accepts_the_clock(project_dir: Path) -> None:
    run("accept-clock", "--reason", "the time server was wrong")
    (row,) = shown("log", "--event", "clock.*")
    assert (row["event"], row["detail"]["reason"]) == ("clock.accepted", "the time server was wrong")


def test_a_refusal_that_came_late_says_when_it_was_made(project_dir: Path) -> None:
    async def late(journal: Journal) -> None:
        refusal = journal.audit._late_refusal(BOB, "req-1", 1_800_000_000_000_000_000, {"rule": "limits.max"}, "full")
        journal.audit.late.keep(refusal)

    on_journal(project_dir, late)
    line = run("log", "--event", "refused").stdout
    assert "limits.max (at 2027-01-15T08:00:00.000+00:00, late)" in line
