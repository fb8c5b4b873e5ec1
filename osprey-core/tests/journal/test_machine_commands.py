"""`osprey ledger` and `halt`, on the journal of a project in a folder of its own."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import anyio
import pytest
from click.testing import CliRunner, Result

from osprey.cli.machine_commands import halt, ledger
from osprey.errors import RefusedError, UsageError
from osprey.journal import Intent, Journal, NewRequest, Receipt, RequestState, Who, journal_of
from osprey.project import open_project

BOB = Who("os:bob")
FOREVER = 4_000_000_000_000_000_000


@pytest.fixture
def project_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "config.yml").write_text("{}\n")
    monkeypatch.setenv("OSPREY_PROJECT", str(tmp_path))
    return tmp_path


def run(command: Any, *words: str) -> Result:
    result = CliRunner().invoke(command, list(words))
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def on_journal(project_dir: Path, work: Callable[[Journal], Any]) -> Any:
    async def main() -> Any:
        async with open_project(project_dir) as project:
            return await work(journal_of(project))

    return anyio.run(main)


async def leave_a_doubt(journal: Journal, outcomes: Sequence[str] = ("unconfirmed",)) -> None:
    row = await journal.requests.create(
        NewRequest(
            kind="channel_write",
            title="t",
            thread="t",
            document="{}",
            risk="low",
            requester="os:bob",
            expires_ns=FOREVER,
        )
    )
    await journal.requests.approve(row.id, row.sha256, BOB)
    packed = {"dtype": "float", "value": "0x1.8p+0"}
    group = [
        Intent(target="ring", channel=f"HCM0{index}", group=0, index=index, value=packed)
        for index in range(len(outcomes))
    ]
    await journal.ledger.claim(row.id, row.sha256, BOB, group)
    receipts = [Receipt(group=0, index=index, outcome=word) for index, word in enumerate(outcomes)]
    await journal.ledger.finish(row.id, receipts, RequestState.PARTIAL, {})


def test_an_empty_ledger_says_so(project_dir: Path) -> None:
    result = run(ledger, "list")
    assert result.stdout == ""
    assert "No write is under way or in doubt." in result.stderr
    assert json.loads(run(ledger, "list", "--json").stdout) == []


def test_a_doubt_is_listed_with_its_value_and_settled(project_dir: Path) -> None:
    on_journal(project_dir, lambda journal: leave_a_doubt(journal, ["unconfirmed", "confirmed"]))
    (doubt,) = json.loads(run(ledger, "list", "--json").stdout)
    assert (doubt["channel"], doubt["value"], doubt["state"]) == ("HCM00", 1.5, "in_doubt")
    assert len(json.loads(run(ledger, "list", "--json", "--all").stdout)) == 2
    listed = run(ledger, "list")
    assert "HCM00" in listed.stdout
    assert "osprey ledger settle ID" in listed.stderr
    settled = run(ledger, "settle", str(doubt["id"]), "--did-not-land", "--reason", "the supply is off")
    assert "did not land" in settled.stdout
    assert json.loads(run(ledger, "list", "--json").stdout) == []
    with pytest.raises(RefusedError, match="is settled"):
        run(ledger, "settle", str(doubt["id"]), "--landed", "--reason", "no")


@pytest.mark.parametrize("words", [[], ["--landed", "--did-not-land"]])
def test_a_doubt_is_settled_one_way(project_dir: Path, words: list[str]) -> None:
    with pytest.raises(UsageError, match="exactly one of"):
        run(ledger, "settle", "1", *words, "--reason", "r")


def test_a_halt_needs_no_words_and_is_shown_until_it_is_released(project_dir: Path) -> None:
    assert "Halted" in run(halt).stdout
    assert "All writes are halted by os:" in run(ledger, "list").stderr
    assert "Released" in run(halt, "--release", "--reason", "all is well").stdout
    assert "halted" not in run(ledger, "list").stderr
