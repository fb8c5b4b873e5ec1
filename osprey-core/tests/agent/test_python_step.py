"""A step of kind python: what the agent makes of what the Python service did."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

import pytest

from osprey.agent.events import StepRetried
from osprey.agent.state import TurnStatus
from osprey.base import ExecutionPlan

pytestmark = [pytest.mark.anyio, pytest.mark.sandbox]
WRITE = "from osprey.runtime import write_channel\nwrite_channel('BEND:CURRENT:SP', 2.5)\nresults = {'set': 2.5}\n"


@pytest.fixture
def anyio_backend() -> str:
    """LangGraph runs on asyncio alone."""
    return "asyncio"


def writer(more: str = "", **settings: Any) -> str:
    """Configure a generator that writes what it is told to."""
    mock = json.dumps({"mock": settings})
    return f"execution:\n  code_generator: mock\n  generators: {mock}\n{more}"


def threads_kept(bench: Any) -> set[str]:
    with sqlite3.connect(bench.project.state_dir / "checkpoints.db") as connection:
        return {row[0] for row in connection.execute("SELECT DISTINCT thread_id FROM checkpoints")}


async def test_code_that_failed_is_written_again_and_the_turn_tells_why(open_bench) -> None:
    bench = await open_bench(writer(behavior="error_aware"))
    seen: list[Any] = []
    plan = ExecutionPlan(steps=(bench.step("mean", "python"),))
    done = await bench.agent.carry_out(plan, question="the mean", listener=seen.append)
    assert done.status is TurnStatus.DONE, done.answer
    [retried] = [event for event in seen if isinstance(event, StepRetried)]
    assert (retried.key, retried.attempt) == ("mean", 2)
    assert "ZeroDivisionError" in retried.why


async def test_code_that_goes_on_failing_fails_the_step_with_its_line(open_bench) -> None:
    bench = await open_bench(writer(behavior="runtime_error"))
    done = await bench.run(bench.step("mean", "python"))
    assert done.status is TurnStatus.FAILED
    assert "The script ended with failed: line 2: ZeroDivisionError" in done.answer


async def test_a_write_is_asked_for_and_made_once_and_nothing_of_the_run_is_left_in_the_checkpoints(open_bench) -> None:
    bench = await open_bench(writer(code=WRITE))
    waiting = await bench.run(bench.step("set", "python"))
    assert waiting.status is TurnStatus.WAITING
    assert threads_kept(bench) == {waiting.turn, f"{waiting.turn}/python/set"}
    done = await bench.approve(waiting)
    assert done.status is TurnStatus.DONE, done.answer
    assert "1 of 1 writes confirmed" in done.answer
    assert done.contexts["set"]["results"] == {"set": 2.5}
    assert threads_kept(bench) == set()


async def test_a_mode_without_writes_refuses_the_step(open_bench) -> None:
    bench = await open_bench(writer("  modes: {write_access: {allows_writes: false}}\n", code=WRITE))
    done = await bench.run(bench.step("set", "python"))
    assert done.status is TurnStatus.REFUSED
    assert "execution.modes.write_access.allows_writes is false" in done.answer


async def test_two_steps_have_runs_of_their_own(open_bench) -> None:
    bench = await open_bench(writer(behavior="success"))
    done = await bench.run(bench.step("one", "python"), bench.step("two", "python"))
    assert done.status is TurnStatus.DONE, done.answer
    assert len(set(done.runs)) == 2
