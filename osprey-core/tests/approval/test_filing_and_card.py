"""A request is filed once, and its card shows the hashed document, exactly."""

from __future__ import annotations

import hashlib
import io
import json
import math
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from rich.console import Console

from osprey.approval import card_of, current_actor, file_write_request
from osprey.approval.risk import risk_of
from osprey.cli.approvals.view import print_card
from osprey.control import Bounds, JudgedItem, Judgement, JudgeRequest, WriteBatch, WriteItem, guard_of
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
    assert str(refused.value).count("BEND:CURRENT:SP") == 1
    assert await journal_of(project).requests.list() == []


async def test_the_card_shows_every_digit_of_what_is_hashed(project: Project) -> None:
    row = await _file(project)
    card = card_of(project, row)
    assert card.rows[0].new == "0.30000000000000004"
    assert card.rows[0].limits == "0 .. 10", "the limits file and the system's own, intersected"
    document = json.loads(row.document)
    assert float.fromhex(document["writes"]["groups"][0][0]["value"]) == 0.30000000000000004
    assert row.sha256 == hashlib.sha256(row.document.encode()).hexdigest()


async def test_code_that_is_not_the_rehearsed_code_is_not_shown_as_it(project: Project) -> None:
    code = "write_channel('BEND:CURRENT:SP', 0.3)\n"
    bound = {"code_sha256": hashlib.sha256(code.encode()).hexdigest(), "rehearsed_reads": 2}
    row = await _file(project, bound=bound, shown={"code": code})
    assert card_of(project, row).code == code
    assert card_of(project, row).only_rehearsed == 2
    forged = evolve(row, presentation={**row.presentation, "code": "pass\n"})
    assert "not shown" in card_of(project, forged).code


async def test_text_in_a_card_cannot_draw_over_it(project: Project) -> None:
    row = await _file(project, shown={"question": "set it\x1b[2J\u202e [bold]now[/]"})
    drawn = io.StringIO()
    print_card(card_of(project, row), Console(file=drawn, width=100, highlight=False))
    assert "\x1b" not in drawn.getvalue()
    assert "\u202e" not in drawn.getvalue()
    assert "[bold]now[/]" in drawn.getvalue()
    assert row.sha256[:8] in drawn.getvalue()
    assert "SIMULATION" in drawn.getvalue()


async def test_what_devices_call_things_cannot_draw_over_the_card(project: Project) -> None:
    """Units and states are texts of the control system; escape sequences in them move a terminal's cursor."""
    row = await _file(project)
    card = card_of(project, row)
    forged = evolve(card.rows[0], unit="\x1b[2A\x1b[K", new="1 (\x1b[1AOFF)", now="\u202e0")
    drawn = io.StringIO()
    print_card(evolve(card, rows=(forged,)), Console(file=drawn, width=200))
    assert not {"\x1b", "\u202e"} & set(drawn.getvalue())


def test_a_value_that_is_no_number_does_not_hide_a_large_change() -> None:
    def item(before: float) -> JudgedItem:
        return JudgedItem(
            channel="A", name="A", group=0, is_allowed=True, rule="ok", reason="", value=9.0, before=before,
            bounds=Bounds(0.0, 10.0),
        )  # fmt: skip

    judgement = Judgement(
        target="ring", is_allowed=True, items=(item(math.nan), item(0.0)), limits_sha256="", simulated=True,
        posture="simulation", judged_ns=1,
    )  # fmt: skip
    risk = risk_of(judgement)
    assert "large: by at most 90.0%" in risk
    assert "1 without a range to compare with" in risk


async def test_a_halt_stands_on_the_card_before_anybody_approves(project: Project) -> None:
    await journal_of(project).halt.set(current_actor(), "crew in the tunnel")
    [warning] = card_of(project, await _file(project)).warnings
    assert "halted" in warning
    assert "crew in the tunnel" in warning


async def test_what_was_assumed_stands_on_the_card(project: Project) -> None:
    row = await _file(project, shown={"assumptions": ["500 mA = 0.5 A"]})
    assert card_of(project, row).assumptions == ("500 mA = 0.5 A",)
