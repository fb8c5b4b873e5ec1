"""Requests that a person edits before agreeing, on the ring: checked again, approved anew, and done as edited."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from osprey.agent.session import Agent, open_agent
from osprey.agent.state import TurnStatus
from osprey.approval import card_of, identity_of
from osprey.approval.desk import approve, approve_some, edit
from osprey.approval.kinds import kind_of_request
from osprey.errors import RefusedError, UsageError
from osprey.journal import RequestRow, RequestState, journal_of
from osprey.project import Project, open_project

pytestmark = pytest.mark.anyio

QUESTION = "raise every horizontal corrector of sector 2 by 0.1 A and show the orbit before and after"
Ring = tuple[Project, Agent]


@pytest.fixture
async def ring(tmp_path: Path) -> AsyncIterator[Ring]:
    async with open_project(tmp_path) as project, open_agent(project) as agent:
        yield project, agent


async def asked(ring: Ring, question: str) -> tuple[str, RequestRow]:
    project, agent = ring
    result = await agent.ask(question)
    assert result.approval, result
    return result.thread, await journal_of(project).requests.get(result.approval)


def editable(project: Project, row: RequestRow) -> Any:
    return kind_of_request(project, row.kind).editable(row)  # type: ignore[attr-defined]


async def outcomes(project: Project, row: RequestRow) -> dict[str, str]:
    return {intent.channel: intent.outcome for intent in await journal_of(project).ledger.intents_of(row.id)}


@pytest.mark.sandbox
async def test_edited_code_is_rehearsed_anew_and_what_it_would_write_is_what_is_approved(ring: Ring) -> None:
    project, agent = ring
    thread, row = await asked(ring, QUESTION)
    code = editable(project, row)["code"]
    changed = re.sub(r"(?<![\d.])0\.1(?!\d)", "0.05", code)
    assert changed != code
    newer = await edit(project, row.id, {"code": changed}, identity_of(project))
    before, after = card_of(project, row), card_of(project, newer)
    assert after.code == changed
    assert [one.change for one in before.rows] == ["+0.1", "+0.1"]
    assert [one.change for one in after.rows] == ["+0.05", "+0.05"]
    assert (await journal_of(project).requests.get(row.id)).state is RequestState.SUPERSEDED
    await approve(project, newer.id, newer.sha256[:8], identity_of(project))
    done = await agent.resume(thread)
    assert done.status is TurnStatus.DONE, done
    assert set((await outcomes(project, newer)).values()) == {"confirmed"}
    assert await outcomes(project, row) == {}
    assert "orbit" in done.answer


@pytest.mark.sandbox
@pytest.mark.parametrize(
    ("code", "told"),
    [("raise SystemExit(3)\n", "ended with"), ("results = {}\n", "writes nothing"), ("   ", "whole text")],
)
async def test_edited_code_that_fails_or_writes_nothing_leaves_the_first_request(
    ring: Ring, code: str, told: str
) -> None:
    project, _ = ring
    _, row = await asked(ring, QUESTION)
    with pytest.raises(UsageError, match=told):
        await edit(project, row.id, {"code": code}, identity_of(project))
    assert (await journal_of(project).requests.get(row.id)).state is RequestState.PENDING


async def test_of_three_writes_the_chosen_two_are_done_and_the_other_is_not(ring: Ring) -> None:
    project, agent = ring
    _, row = await asked(ring, "raise every horizontal corrector of sector 2 by 0.1 A")
    names = [one.channel for one in card_of(project, row).rows]
    chosen = await approve_some(project, row.id, row.sha256[:8], [2], identity_of(project))
    assert (chosen.state, chosen.supersedes) == (RequestState.APPROVED, row.id)
    done = await agent.resume(row.thread)
    assert done.status is TurnStatus.DONE, done
    assert await outcomes(project, chosen) == {names[1]: "confirmed"}


async def test_an_edited_value_passes_the_limits_again_and_the_old_hash_approves_nothing(ring: Ring) -> None:
    project, agent = ring
    thread, row = await asked(ring, "set HCM03 to 0.5 A")
    edited = editable(project, row)
    edited["groups"][0][0]["value"] = 7.0
    with pytest.raises(RefusedError, match="above the maximum"):
        await edit(project, row.id, edited, identity_of(project))
    edited["groups"][0][0]["value"] = 0.25
    newer = await edit(project, row.id, json.loads(json.dumps(edited)), identity_of(project))
    with pytest.raises(RefusedError) as refused:
        await approve(project, row.id, row.sha256[:8], identity_of(project))
    assert refused.value.rule == "approval.superseded"
    with pytest.raises(RefusedError) as refused:
        await approve(project, newer.id, row.sha256[:8], identity_of(project))
    assert refused.value.rule == "approval.hash"
    await approve(project, newer.id, newer.sha256[:8], identity_of(project))
    assert "-> 0.25" in (await agent.resume(thread)).answer
