"""A turn of three steps beside a bare LangGraph, what 100 turns leave on the disk, and 50 threads at once.

The peer is a graph of eight empty nodes with the same saver, durability and state. The steps do nothing by themselves:
each is an empty capability that is declared by a plugin, so that what is measured is the kernel.
"""

from __future__ import annotations

import asyncio
import gc
import os
import random
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import anyio
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from langgraph.graph import END, START, StateGraph

from osprey.agent.session import Agent, open_agent
from osprey.agent.state import TurnState, TurnStatus
from osprey.base import ExecutionPlan, PlannedStep
from osprey.plugins import LoadOptions
from osprey.project import Project, open_project

ROUNDS: Final = 60
NODES: Final = 8
TURNS: Final = 100
THREADS: Final = 50
OF_EACH: Final = 20
PLUGIN: Final = """
from osprey.api import Capability, hookimpl
from osprey.base import BaseCapability, StepResult


class Empty(BaseCapability):
    name = "empty"
    description = "Do nothing"

    async def execute(self):
        return StepResult(text=str(self.parameter("said")))


@hookimpl
def osprey_capabilities():
    yield Capability(name="empty", summary="Do nothing", implementation=f"{__name__}:Empty")
"""
CONFIG: Final = """
control_system:
  default_target: bench
  targets: {bench: {connector: mock, posture: simulation}}
"""


def plan(said: str) -> ExecutionPlan:
    """Give three steps, each of which needs the one before it."""
    steps = [
        PlannedStep(
            context_key=f"step{number}",
            capability="empty",
            task_objective="nothing",
            parameters={"said": f"{said}/{number}"},
            inputs=({"NOTHING": f"step{number - 1}"},) if number else (),
        )
        for number in range(3)
    ]
    return ExecutionPlan(steps=tuple(steps))


def open_bench(folder: Path) -> Project:
    (folder / "config.yml").write_text(CONFIG, encoding="utf-8")
    (folder / "empty.py").write_text(PLUGIN, encoding="utf-8")
    return open_project(folder, options=LoadOptions(local=(folder / "empty.py",)))


async def turn(agent: Agent, said: str, thread: str | None = None) -> None:
    done = await agent.carry_out(plan(said), question=said, thread=thread)
    assert done.status is TurnStatus.DONE
    assert done.answer.splitlines()[:3] == [f"{said}/{number}" for number in range(3)], "cross-talk"


async def bare(folder: Path, rounds: int) -> list[float]:
    """Time a graph of empty nodes that carries the state of such a turn."""
    graph: Any = StateGraph(TurnState)
    names = [f"node{number}" for number in range(NODES)]
    for name in names:
        graph.add_node(name, _empty)
    for here, there in zip([START, *names], [*names, END], strict=True):
        graph.add_edge(here, there)
    took: list[float] = []
    async with AsyncSqliteSaver.from_conn_string(str(folder / "bare.db")) as saver:
        compiled = graph.compile(checkpointer=saver)
        entry = {"thread": "t", "user_query": "x", "plan": {"steps": ["x" * 600]}, "results": [{"text": "x" * 300}] * 3}
        for number in range(rounds):
            begun = time.perf_counter()
            stream = compiled.astream(
                entry, {"configurable": {"thread_id": str(number)}}, stream_mode="updates", durability="sync"
            )
            async for _ in stream:
                pass
            took.append((time.perf_counter() - begun) * 1e3)
    return took


async def _empty(state: TurnState) -> TurnState:
    return {"status": ""}


async def beside(folder: Path) -> list[tuple[str, list[float]]]:
    """Time both, a few rounds of one and a few of the other in turn."""
    ours: list[float] = []
    theirs: list[float] = []
    async with open_bench(folder) as project, open_agent(project) as agent:
        for number in range(ROUNDS + 5):
            begun = time.perf_counter()
            await turn(agent, f"q{number}")
            ours.append((time.perf_counter() - begun) * 1e3)
            if number % 5 == 4:
                theirs += (await bare(folder / ".osprey", 5 + 1))[1:]
                (folder / ".osprey/bare.db").unlink()
    return [(f"bare LangGraph of {NODES} empty nodes", theirs), ("a turn of three steps", ours[5:])]


async def growth(folder: Path) -> list[tuple[int, float]]:
    """Give how much the project's folder has grown after some turns of one thread, in kB."""
    found: list[tuple[int, float]] = []
    async with open_bench(folder) as project, open_agent(project) as agent:
        await turn(agent, "first")
        begun = _size(project.state_dir)
        for number in range(1, TURNS + 1):
            await agent.ask(f"what do you remember about {number}", thread="long")
            if number in (10, 50, TURNS):
                found.append((number, (_size(project.state_dir) - begun) / 1024))
    return found


def _size(folder: Path) -> int:
    """Give the bytes of all files, with nothing left in the logs of the databases."""
    for path in folder.glob("*.db"):
        with closing(sqlite3.connect(path)) as database:
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


async def crowd(folder: Path) -> dict[str, float]:
    """Have many threads answered at once by one process; give its memory, in MB, after some of the turns."""
    memory: dict[str, float] = {}
    done = 0
    async with open_bench(folder) as project, open_agent(project) as agent:

        async def talk(name: int) -> None:
            nonlocal done
            chance = random.Random(name)
            for number in range(OF_EACH):
                await anyio.sleep(chance.random() / 100)
                await turn(agent, f"{name}-{number}", f"thread{name}")
                done += 1
                if done in (100, THREADS * OF_EACH):
                    gc.collect()
                    memory[str(done)] = _rss_mb()

        begun = time.perf_counter()
        async with anyio.create_task_group() as tasks:
            for name in range(THREADS):
                tasks.start_soon(talk, name)
        memory["seconds"] = time.perf_counter() - begun
    return memory


def _rss_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def in_folder(work: Callable[[Path], Any]) -> Any:
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(work(Path(folder)))


def main() -> None:
    """Print the tables."""
    timed = in_folder(beside)
    peer = statistics.median(timed[0][1])
    print("| what | median, ms | 95 of 100 within, ms | ratio |\n|---|---|---|---|")
    for name, took in timed:
        median, high = statistics.median(took), statistics.quantiles(took, n=20)[-1]
        print(f"| {name} | {median:.1f} | {high:.1f} | {median / peer:.2f} |")
    print("\n| turns of one thread | the project's folder has grown by, kB |\n|---|---|")
    for number, size in in_folder(growth):
        print(f"| {number} | {size:.0f} |")
    crowded = in_folder(crowd)
    first, last = crowded["100"], crowded[str(THREADS * OF_EACH)]
    told = f"{THREADS} threads at once on one process, {THREADS * OF_EACH} turns in {crowded['seconds']:.0f} s"
    print(f"\n{told}, no cross-talk;")
    print(f"memory after 100 turns {first:.1f} MB, after all {last:.1f} MB ({(last / first - 1) * 100:+.1f} %).")


if __name__ == "__main__":
    sys.exit(main())
