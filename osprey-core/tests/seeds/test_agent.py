"""The guides' `agent.ainvoke`: a question, a plan that waits, and answers that count by what is stored."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import anyio
import pytest
from langgraph.types import Command

from osprey.agent import create_agent
from osprey.agent.events import PlanMade, TurnEnded
from osprey.agent.invoking import thread_in
from osprey.approval import current_actor
from osprey.errors import RefusedError, UsageError
from osprey.journal import RequestState, journal_of
from osprey.project import Project, open_project

pytestmark = pytest.mark.anyio

FILES = {
    "config.yml": """
control_system:
  default_target: bench
  targets:
    bench:
      connector: mock
      posture: simulation
      writes_enabled: true
      limits: {file: limits.yml}
      channels: channels.yml
""",
    "limits.yml": "defaults: {min: 0, max: 10}\nchannels:\n  'BEND:CURRENT:SP': {}\n",
    "channels.yml": "channels:\n- {name: 'BEND:CURRENT:SP', device: BEND, role: setpoint, unit: A}\n",
}


@pytest.fixture
async def project(tmp_path: Path) -> AsyncIterator[Project]:
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    async with open_project(tmp_path) as opened:
        yield opened


async def approve(project: Project, request_id: str) -> None:
    requests = journal_of(project).requests
    row = await requests.get(request_id)
    await requests.approve(row.id, row.sha256[:8], current_actor())


async def test_the_guides_snippet_plans_waits_for_a_person_and_goes_on(project: Project) -> None:
    agent = create_agent(project)
    user_input = "/planning what is the current of BEND"
    state_updates = await agent.ainvoke({"user_query": user_input}, config={"thread_id": "session_123"})
    assert (state_updates["status"], state_updates["thread_id"]) == ("waiting", "session_123")
    assert state_updates["plan"]["steps"][0]["capability"] == "channel_read"
    [question] = state_updates["__interrupt__"]
    await approve(project, question["request_id"])
    config = {"configurable": {"thread_id": "session_123"}}
    done = await agent.ainvoke(Command(resume={"approved": True, "approval_id": question["request_id"]}), config)
    assert done["status"] == "done"
    assert "BEND:CURRENT:SP" in done["answer"]


async def test_create_agent_takes_the_project_of_the_context(project: Project) -> None:
    with project.activate():
        agent = create_agent(project=None)
    assert agent.project is project
    assert (await agent.ainvoke({"user_query": "what is the current of BEND", "target": "bench"}))["status"] == "done"


@pytest.mark.parametrize("is_named", [True, False])
async def test_a_yes_counts_only_with_a_stored_decision(project: Project, is_named: bool) -> None:
    agent = create_agent(project)
    asked = await agent.ainvoke({"user_query": "set BEND to 3 A"}, {"thread_id": "t"})
    answer: dict[str, Any] = {"approved": True} | ({"approval_id": asked["approval"]} if is_named else {})
    with pytest.raises(RefusedError):
        await agent.ainvoke(Command(resume=answer), {"thread_id": "t"})
    row = await journal_of(project).requests.get(asked["approval"])
    assert row.state is RequestState.PENDING
    assert [told.event for told in await journal_of(project).audit.log(limit=1)] == ["refused"]


async def test_a_no_ends_the_step(project: Project) -> None:
    agent = create_agent(project)
    await agent.ainvoke({"user_query": "set BEND to 3 A"}, {"thread_id": "t"})
    ended = await agent.ainvoke(Command(resume={"approved": False}), {"thread_id": "t"})
    assert ended["status"] == "refused"
    assert await journal_of(project).ledger.list(unresolved_only=False) == []


async def test_an_approved_write_is_done_through_the_same_door(project: Project) -> None:
    agent = create_agent(project)
    asked = await agent.ainvoke({"user_query": "set BEND to 3 A"}, {"thread_id": "t"})
    await approve(project, asked["approval"])
    done = await agent.ainvoke(Command(resume={"approved": True, **asked["__interrupt__"][0]}), {"thread_id": "t"})
    assert done["status"] == "done"
    assert len(await journal_of(project).ledger.list(unresolved_only=False)) == 1


@pytest.mark.parametrize(
    ("given", "config", "told"),
    [
        ({"query": "x"}, None, "'query' is no key"),
        ({}, None, "user_query is missing"),
        ({"user_query": 3}, None, "no text"),
        (Command(resume={"approved": True}), None, "needs the thread"),
        (Command(resume={"approved": True}), {"thread_id": "quiet"}, "waits for no decision"),
        ({"user_query": "x"}, {"thread_id": "a", "configurable": {"thread_id": "b"}}, "one name"),
    ],
)
async def test_what_is_wrong_with_a_call_is_said(project: Project, given: Any, config: Any, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        await create_agent(project).ainvoke(given, config)


async def test_what_happens_is_streamed_and_leaving_early_cancels(project: Project) -> None:
    agent = create_agent(project)
    async with agent.stream({"user_query": "what is the current of BEND"}, {"thread_id": "t"}) as events:
        seen = [event async for event in events]
    assert isinstance(seen[-1], TurnEnded)
    assert any(isinstance(event, PlanMade) for event in seen)
    with anyio.fail_after(10):
        async with agent.stream({"user_query": "what is the current of BEND"}, {"thread_id": "t"}) as events:
            await anext(events)
    assert (await agent.resume("t")).status in ("done", "stopped")


def test_a_thread_is_named_at_the_top_or_under_configurable() -> None:
    assert thread_in(None) is None
    assert thread_in({"thread_id": "a"}) == thread_in({"configurable": {"thread_id": "a"}}) == "a"
