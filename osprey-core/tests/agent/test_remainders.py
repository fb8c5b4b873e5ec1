"""A list that stopped half-way: what was not sent becomes a request of its own, and is sent only then."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from osprey.agent.capabilities.channel_write import ChannelWriteCapability
from osprey.approval import current_actor
from osprey.base import ApprovalNeeded, PlannedStep, StepResult, StepStatus
from osprey.control import MockConnector, targets_of
from osprey.control.mock import MockFault
from osprey.journal import RequestState, journal_of
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
LIMITS = "defaults: {min: 0, max: 10, tolerance_absolute: 0.01}\nchannels:\n  'A:SP': {}\n  'B:SP': {}\n  'C:SP': {}\n"
GROUPS = [[{"channel": "A:SP", "value": 1.0}], [{"channel": "B:SP", "value": 2.0}], [{"channel": "C:SP", "value": 3.0}]]


@pytest.fixture
async def project(tmp_path: Path) -> AsyncIterator[Project]:
    (tmp_path / "config.yml").write_text(MOCK, encoding="utf-8")
    (tmp_path / "limits.yml").write_text(LIMITS, encoding="utf-8")
    async with open_project(tmp_path) as opened:
        yield opened


async def _mock(project: Project) -> MockConnector:
    connector: Any = (await targets_of(project).get("bench")).connector
    return connector


def _capability(project: Project) -> ChannelWriteCapability:
    step = PlannedStep(
        context_key="w", capability="channel_write", task_objective="Set three", parameters={"groups": GROUPS}
    )
    state = {"thread": "t", "turn": "1", "user_query": "set three", "target": "bench"}
    return ChannelWriteCapability(project, state, step)


async def _approved(project: Project, needed: ApprovalNeeded) -> ApprovalNeeded:
    await journal_of(project).requests.approve(needed.request_id, needed.sha256[:8], current_actor())
    return needed


async def test_the_rest_is_a_new_request_and_one_report_tells_of_all_parts(project: Project) -> None:
    mock, capability = await _mock(project), _capability(project)
    first = await _approved(project, await capability.prepare())
    mock.inject("B:SP", MockFault.REJECT)
    rest = await capability.conclude(first)
    assert isinstance(rest, ApprovalNeeded)
    assert rest.request_id != first.request_id
    assert "1 of 3 writes confirmed" in rest.said
    assert mock.count_puts("C:SP") == 0, "the rest was sent under the old approval"
    row = await journal_of(project).requests.get(rest.request_id)
    assert row.state is RequestState.PENDING
    assert row.supersedes == first.request_id
    done = await capability.conclude(await _approved(project, rest))
    assert isinstance(done, StepResult)
    assert done.status is StepStatus.FAILED
    assert "2 of 3 writes confirmed" in done.text
    assert [mock.count_puts(name) for name in ("A:SP", "B:SP", "C:SP")] == [1, 1, 1]


async def test_asking_again_after_a_crash_gives_the_same_request_for_the_rest(project: Project) -> None:
    mock, capability = await _mock(project), _capability(project)
    first = await _approved(project, await capability.prepare())
    mock.inject("B:SP", MockFault.REJECT)
    once, again = await capability.conclude(first), await capability.conclude(first)
    assert isinstance(once, ApprovalNeeded)
    assert isinstance(again, ApprovalNeeded)
    assert once.request_id == again.request_id


async def test_a_rejected_rest_ends_the_step(project: Project) -> None:
    mock, capability = await _mock(project), _capability(project)
    first = await _approved(project, await capability.prepare())
    mock.inject("B:SP", MockFault.REJECT)
    rest = await capability.conclude(first)
    assert isinstance(rest, ApprovalNeeded)
    await journal_of(project).requests.reject(rest.request_id, current_actor(), "enough for today")
    ended = await capability.conclude(rest)
    assert isinstance(ended, StepResult)
    assert ended.status is not StepStatus.DONE
    assert "enough for today" in ended.text
    assert "1 of 3 writes confirmed" in ended.text
    assert mock.count_puts("C:SP") == 0


async def test_a_machine_that_does_not_answer_leaves_the_rest_for_later(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    mock, capability = await _mock(project), _capability(project)
    first = await _approved(project, await capability.prepare())
    mock.inject("B:SP", MockFault.REJECT)
    write = mock.write

    async def write_and_lose_the_next(puts: Any, *, timeout_s: float) -> Any:
        if puts[0].channel == "B:SP":
            mock.inject("C:SP", MockFault.GONE)
        return await write(puts, timeout_s=timeout_s)

    monkeypatch.setattr(mock, "write", write_and_lose_the_next)
    waiting = await capability.conclude(first)
    assert isinstance(waiting, StepResult)
    assert waiting.status is StepStatus.WAITING
    assert "1 of 3 writes confirmed" in waiting.text
    assert "cannot be requested now" in waiting.text
    mock.heal("C:SP")
    rest = await capability.conclude(first)
    assert isinstance(rest, ApprovalNeeded)
    assert [mock.count_puts(name) for name in ("A:SP", "B:SP", "C:SP")] == [1, 1, 0]
