"""The agent's turns: what waits, what resumes, what a crash between two nodes leaves, and what never answers twice."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from osprey.agent.capabilities.memory import MemoryCapability
from osprey.agent.session import Agent, open_agent
from osprey.agent.state import TurnResult, TurnStatus
from osprey.approval import current_actor
from osprey.base import StepResult
from osprey.errors import ConfigError, UsageError
from osprey.journal import RequestState, journal_of
from osprey.project import Project, open_project
from osprey.sessions import TurnRow, threads_of

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
      channels: channels.yml
"""
LIMITS = "defaults: {min: 0, max: 10, tolerance_absolute: 0.01}\nchannels:\n  'BEND:CURRENT:SP': {}\n"
CHANNELS = "channels:\n- {name: 'BEND:CURRENT:SP', device: BEND, description: Bend current, role: setpoint, unit: A}\n"


@pytest.fixture
async def project(tmp_path: Path) -> AsyncIterator[Project]:
    for name, text in {"config.yml": MOCK, "limits.yml": LIMITS, "channels.yml": CHANNELS}.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    async with open_project(tmp_path) as opened:
        yield opened


@pytest.fixture
async def agent(project: Project) -> AsyncIterator[Agent]:
    async with open_agent(project) as opened:
        yield opened


async def test_a_change_waits_is_done_once_and_is_told_again_without_being_done_again(
    project: Project, agent: Agent
) -> None:
    asked = await agent.ask("set BEND to 3 A")
    assert asked.status is TurnStatus.WAITING
    assert asked.approval
    requests = journal_of(project).requests
    row = await requests.get(asked.approval)
    assert (await agent.resume(asked.thread)).status is TurnStatus.WAITING
    await requests.approve(row.id, row.sha256[:8], current_actor())
    done = await agent.resume(asked.thread)
    assert done.status is TurnStatus.DONE
    assert done.artifacts
    again = await agent.resume(asked.thread)
    assert again == done
    assert len(await journal_of(project).ledger.intents_of(row.id)) == 1


async def test_a_turn_that_waits_holds_up_no_other_of_its_thread(project: Project, agent: Agent) -> None:
    asked = await agent.ask("set BEND to 3 A")
    other = await agent.ask("what is the current of BEND", thread=asked.thread)
    assert other.status is TurnStatus.DONE
    assert "BEND:CURRENT:SP" in other.answer
    assert any(str(asked.approval) in warning for warning in other.warnings)
    requests = journal_of(project).requests
    row = await requests.get(str(asked.approval))
    await requests.approve(row.id, row.sha256[:8], current_actor())
    done = await agent.resume(asked.thread)
    assert (done.turn, done.status) == (asked.turn, TurnStatus.DONE)


async def test_several_turns_of_a_thread_wait_at_once_and_each_gets_its_own_decision(
    project: Project, agent: Agent
) -> None:
    first = await agent.ask("set BEND to 3 A")
    second = await agent.ask("set BEND to 4 A", thread=first.thread)
    assert first.approval != second.approval
    requests = journal_of(project).requests
    row = await requests.get(str(second.approval))
    await requests.reject(row.id, current_actor(), "not now")
    refused = await agent.resume(first.thread, turn=second.turn)
    assert refused.status is TurnStatus.REFUSED
    assert (await agent.resume(first.thread, turn=first.turn)).status is TurnStatus.WAITING
    row = await requests.get(str(first.approval))
    await requests.approve(row.id, row.sha256[:8], current_actor())
    done = await agent.resume(first.thread)
    assert (done.turn, done.status) == (first.turn, TurnStatus.DONE)


async def test_all_turns_of_a_thread_that_go_on_are_told_and_one_that_cannot_holds_up_none(
    project: Project, agent: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = [await agent.ask(f"set BEND to {value} A", thread="t") for value in (3, 4, 5)]
    requests = journal_of(project).requests
    for one in asked:
        row = await requests.get(str(one.approval))
        await requests.approve(row.id, row.sha256[:8], current_actor())
    run = Agent._run

    async def fail_first(self: Agent, row: TurnRow, *more: object, **named: object) -> TurnResult:
        if row.turn == asked[0].turn:
            raise ConfigError("its target is gone")
        return await run(self, row, *more, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(Agent, "_run", fail_first)
    results = await agent.resume_all("t")
    assert [one.turn for one in results] == [one.turn for one in asked]
    assert [one.status for one in results] == [TurnStatus.STOPPED, TurnStatus.DONE, TurnStatus.WAITING], (
        "BEND has moved"
    )
    assert results[0].answer == "its target is gone"


async def test_a_turn_of_another_thread_is_not_resumed_and_not_touched(project: Project, agent: Agent) -> None:
    asked = await agent.ask("set BEND to 3 A", thread="a")
    await agent.ask("what is the current of BEND", thread="b")
    with pytest.raises(UsageError, match="thread b has no turn"):
        await agent.resume("b", turn=asked.turn)
    assert (await agent.resume("a", turn=asked.turn)).status is TurnStatus.WAITING


async def test_what_was_decided_meanwhile_is_not_said_to_wait_and_gets_no_remark(
    project: Project, agent: Agent
) -> None:
    asked = await agent.ask("set BEND to 3 A")
    requests = journal_of(project).requests
    await requests.reject(str(asked.approval), current_actor(), "not now")
    told = await agent.ask("what is the current of BEND", thread=asked.thread)
    assert [warning for warning in told.warnings if "waits for a decision" in warning] == []
    assert any(f"osprey resume {asked.thread}" in warning for warning in told.warnings)
    assert [d.word for d in await requests.decisions(str(asked.approval))] == ["reject"]
    assert (await agent.ask("/help", thread=asked.thread)).warnings == ()


@pytest.mark.parametrize("said", ["x" * 20_001, "\udcff beam"])
async def test_what_is_too_long_or_no_text_is_refused_before_anything_is_kept(
    project: Project, agent: Agent, said: str
) -> None:
    with pytest.raises(UsageError, match=r"characters|UTF-8"):
        await agent.ask(said, thread="t")
    assert await threads_of(project).list() == []


@pytest.mark.parametrize("said", ["yes", "yes but only 2 A", "approve", "/planning yes"])
async def test_what_is_said_to_a_thread_that_waits_is_kept_as_a_remark_and_decides_nothing(
    project: Project, agent: Agent, said: str
) -> None:
    asked = await agent.ask("set BEND to 3 A")
    told = await agent.ask(said, thread=asked.thread)
    assert told.status is TurnStatus.FAILED
    assert any("decides nothing" in warning for warning in told.warnings)
    requests = journal_of(project).requests
    assert asked.approval
    assert [(d.word, d.text) for d in await requests.decisions(asked.approval)] == [("comment", said)]
    assert (await requests.get(asked.approval)).state is RequestState.PENDING


async def test_a_finished_thread_takes_another_question(agent: Agent) -> None:
    first = await agent.ask("remember that BEND is slow")
    assert first.status is TurnStatus.DONE
    second = await agent.ask("what do you remember about BEND", thread=first.thread)
    assert "BEND is slow" in second.answer
    assert second.thread == first.thread


async def test_what_was_not_understood_is_said_and_nothing_is_planned(project: Project, agent: Agent) -> None:
    said = await agent.ask("frobnicate the BEND")
    assert said.status is TurnStatus.FAILED
    assert "frobnicate" in said.answer
    assert await journal_of(project).requests.list() == []


async def test_a_crash_inside_a_step_lets_the_next_process_finish_it(
    project: Project, agent: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    class PowerCutError(BaseException):
        pass

    prepare = MemoryCapability.prepare

    async def die(_: MemoryCapability) -> StepResult:
        raise PowerCutError

    monkeypatch.setattr(MemoryCapability, "prepare", die)
    with pytest.raises(PowerCutError):
        await agent.ask("remember that BEND is slow", thread="cut")
    monkeypatch.setattr(MemoryCapability, "prepare", prepare)
    done = await agent.resume("cut")
    assert done.status is TurnStatus.DONE
    assert "BEND is slow" in done.answer


async def test_an_expired_request_ends_the_turn_as_refused_and_never_as_a_person_s_no(
    tmp_path: Path,
) -> None:
    for name, text in {"limits.yml": LIMITS, "channels.yml": CHANNELS}.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "config.yml").write_text(MOCK + "approval: {expires_after_s: 0.001}\n", encoding="utf-8")
    async with open_project(tmp_path) as project, open_agent(project) as agent:
        asked = await agent.ask("set BEND to 3 A")
        ended = await agent.resume(asked.thread)
        [row] = await journal_of(project).requests.list()
    assert row.state is RequestState.EXPIRED
    assert ended.status is TurnStatus.REFUSED
    assert "expired" in ended.answer
    assert "rejected" not in ended.answer


async def test_the_graph_s_budget_of_steps_is_the_configuration_s(tmp_path: Path) -> None:
    text = MOCK + "execution_control: {limits: {graph_recursion_limit: 2}}\n"
    for name, content in {"config.yml": text, "limits.yml": LIMITS, "channels.yml": CHANNELS}.items():
        (tmp_path / name).write_text(content, encoding="utf-8")
    async with open_project(tmp_path) as project, open_agent(project) as agent:
        with pytest.raises(ConfigError, match="graph_recursion_limit"):
            await agent.ask("remember that BEND is slow")


async def test_an_unknown_thread_and_an_empty_question_are_usage_errors(agent: Agent) -> None:
    with pytest.raises(UsageError, match="no thread"):
        await agent.resume("nowhere")
    with pytest.raises(UsageError, match="empty"):
        await agent.ask("  ")


async def test_what_was_cut_short_is_told_with_the_next_question_and_goes_on_when_it_is_resumed(
    agent: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    class PowerCutError(BaseException):
        pass

    async def die(_: MemoryCapability) -> StepResult:
        raise PowerCutError

    with monkeypatch.context() as cut:
        cut.setattr(MemoryCapability, "prepare", die)
        with pytest.raises(PowerCutError):
            await agent.ask("remember that BEND is slow", thread="cut")
    other = await agent.ask("what is the current of BEND", thread="cut")
    assert other.status is TurnStatus.DONE
    assert any("osprey resume cut" in warning for warning in other.warnings)
    done = await agent.resume("cut")
    assert "BEND is slow" in done.answer


async def test_an_answer_of_a_simulation_says_so(agent: Agent) -> None:
    said = await agent.ask("remember that BEND is slow")
    assert "Simulation: target bench reaches no real machine" in said.answer
