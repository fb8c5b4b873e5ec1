"""An IOC that goes away: an approval is never lost, and what is not known is said."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.conftest import CommandLine
from tests.crash.harness import counting_ioc, write_project

pytestmark = pytest.mark.ioc


def test_gone_when_the_claim_is_due_leaves_the_request_approved_and_it_is_carried_out_once_it_is_back(
    tmp_path: Path,
) -> None:
    line = CommandLine(tmp_path)
    with counting_ioc(tmp_path) as (port, puts):
        write_project(tmp_path, port)
        thread = line("ask", "--json", "set AO0001 to 2.5", code=4).json["thread"]
        waiting = line.approve_waiting()
    gone = line("resume", thread, "--json", code=4).json
    assert gone["status"] == "waiting"
    assert gone["approval"] == waiting["id"]
    assert any("CRASH:AO0001" in warning for warning in gone["warnings"]), gone
    [row] = line("approvals", "list", "--json").json
    assert row["state"] == "approved"
    with counting_ioc(tmp_path, port=port):
        back = line("resume", thread, "--json").json
        assert "1 of 1 writes confirmed" in back["answer"]
        line("resume", thread, "--json")
    assert [text.split()[1] for text in puts.read_text(encoding="utf-8").splitlines()] == ["2.5"]


def test_gone_at_once_says_that_nobody_answers(tmp_path: Path) -> None:
    line = CommandLine(tmp_path)
    with counting_ioc(tmp_path) as (port, _):
        write_project(tmp_path, port)
    asked = line("ask", "--json", "set AO0001 to 2.5", code=3).json
    assert "CRASH:AO0001" in asked["answer"]
    assert line("approvals", "list", "--json").json == []
