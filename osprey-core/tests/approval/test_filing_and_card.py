"""A request is filed once, and its card shows the hashed document, exactly."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from rich.console import Console

from osprey.approval import card_of, current_actor, file_write_request
from osprey.cli.approval_view import print_card
from osprey.control import JudgeRequest, WriteBatch, WriteItem, guard_of
from osprey.errors import RefusedError
from osprey.journal import RequestRow, journal_of
from osprey.project import Project, open_project

pytestmark = pytest.mark.anyio

MOCK = """
control_system:
  default_target: bench
  targets:
    bench:
      connector: mock
      posture: simulation
      writes_enabled: true
      limits: {file: limits.yml}
"""
LIMITS = "defaults: {min: -10, max: 10, tolerance_absolute: 0.01}\nchannels:\n  'BEND:CURRENT:SP': {}\n"


@pytest.fixture
async def project(tmp_path: Path) -> AsyncIterator[Project]:
    (tmp_path / "config.yml").write_text(MOCK, encoding="utf-8")
    (tmp_path / "limits.yml").write_text(LIMITS, encoding="utf-8")
    async with open_project(tmp_path) as opened:
        yield opened


async def _file(project: Project, value: float = 0.30000000000000004, **more: Any) -> RequestRow:
    item = WriteItem(channel="BEND:CURRENT:SP", value=value)
    request = JudgeRequest(batch=WriteBatch(target="bench", groups=((item,),)), actor=current_actor())
    judgement = await guard_of(project).judge(request)
    filed = {"kind": "channel_write", "title": "Set the bend", "thread": "t1", "key": "t1/1/a", **more}
    return await file_write_request(project, judgement, actor=current_actor(), **filed)


async def test_filing_the_same_step_again_gives_the_same_request(project: Project) -> None:
    first, second = await _file(project), await _file(project)
    assert first.id == second.id
    assert len(await journal_of(project).requests.list()) == 1


async def test_what_the_guard_refuses_is_not_filed_but_audited(project: Project) -> None:
    with pytest.raises(RefusedError) as refused:
        await _file(project, value=11.0)
    assert refused.value.rule.startswith("limits")
    assert "BEND:CURRENT:SP" in str(refused.value)
    assert await journal_of(project).requests.list() == []


async def test_the_card_shows_every_digit_of_what_is_hashed(project: Project) -> None:
    row = await _file(project)
    card = card_of(row)
    assert card.rows[0].new == "0.30000000000000004"
    assert card.rows[0].limits == "0 .. 10", "the limits file and the system's own, intersected"
    document = json.loads(row.document)
    assert float.fromhex(document["writes"]["groups"][0][0]["value"]) == 0.30000000000000004  # noqa: PLR2004
    assert row.sha256 == hashlib.sha256(row.document.encode()).hexdigest()


async def test_code_that_is_not_the_rehearsed_code_is_not_shown_as_it(project: Project) -> None:
    code = "write_channel('BEND:CURRENT:SP', 0.3)\n"
    bound = {"code_sha256": hashlib.sha256(code.encode()).hexdigest(), "rehearsed_reads": 2}
    row = await _file(project, bound=bound, shown={"code": code})
    assert card_of(row).code == code
    assert card_of(row).only_rehearsed == 2  # noqa: PLR2004
    forged = evolve(row, presentation={**row.presentation, "code": "pass\n"})
    assert "not shown" in card_of(forged).code


async def test_text_in_a_card_cannot_draw_over_it(project: Project) -> None:
    row = await _file(project, shown={"question": "set it\x1b[2J\u202e [bold]now[/]"})
    drawn = io.StringIO()
    print_card(card_of(row), Console(file=drawn, width=100, highlight=False))
    assert "\x1b" not in drawn.getvalue()
    assert "\u202e" not in drawn.getvalue()
    assert "[bold]now[/]" in drawn.getvalue()
    assert row.sha256[:8] in drawn.getvalue()
    assert "SIMULATION" in drawn.getvalue()
