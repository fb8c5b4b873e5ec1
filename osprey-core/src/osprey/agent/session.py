"""The entry of every interface: say something, resume a thread."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any

import anyio
from attrs import evolve

from osprey.agent._serialization import to_plain
from osprey.agent.beginning import entry_state, new_thread, require_text
from osprey.agent.commands import Wish, read_wish
from osprey.agent.graph import build_graph
from osprey.agent.running import TurnRun, result_of
from osprey.agent.state import TurnResult, TurnState, TurnStatus
from osprey.agent.threads import locked_thread
from osprey.agent.unfinished import tell_of_unfinished
from osprey.approval.notices import tell_outcome
from osprey.control import guard_of
from osprey.errors import OspreyError, UsageError
from osprey.journal.values import CONCLUSIONS
from osprey.sessions import NewTurn, ThreadSettings, TurnRow, threads_of
from osprey.storage.checkpoints import checkpoint_error, open_checkpoints

if TYPE_CHECKING:
    from langgraph.graph.state import CompiledStateGraph

    from osprey.agent.events import Listener
    from osprey.base import ExecutionPlan
    from osprey.project import Project


class Agent:
    """Answers questions about the targets of one project."""

    def __init__(self, project: Project) -> None:
        """Open nothing yet; see `open_agent`."""
        self.project = project
        self._graph: CompiledStateGraph[Any, Any] | None = None
        self._opening = anyio.Lock()
        self._stack = AsyncExitStack()
        self._runs: set[TurnRun] = set()
        self._is_draining = False

    def drain(self) -> None:
        """Stop every turn of this agent before its next step; each is stored as stopped, and nothing new begins."""
        self._is_draining = True
        for run in tuple(self._runs):
            run.drain()

    async def _run(self, row: TurnRow, listener: Listener | None, *, is_new: bool = False) -> TurnResult:
        run = TurnRun(self.project, await self.graph(), row, listener)
        self._runs.add(run)
        try:
            if self._is_draining:
                run.drain()
            return await run.go(is_new=is_new)
        finally:
            self._runs.discard(run)

    async def ask(
        self,
        question: str,
        *,
        target: str | None = None,
        thread: str | None = None,
        listener: Listener | None = None,
    ) -> TurnResult:
        """Take what a person said, on a new thread or on a given one: a question, or a slash command before one.

        A thread may have turns that wait for a decision. What is said to it then decides nothing: it is kept with what
        waits as a remark, and answered as anything else.

        :raises UsageError: nothing was said, the command or the target is unknown.
        :raises ConflictError: another process or task works on the thread now.
        """
        require_text(question)
        thread = thread or new_thread()
        async with locked_thread(self.project, thread):
            settings = await threads_of(self.project).settings(thread)
            wish = await read_wish(self.project, thread, question, settings)
            if not wish.question:
                return TurnResult(thread=thread, status=TurnStatus.DONE, answer=wish.reply, is_exit=wish.is_exit)
            state = entry_state(self.project, thread, wish, target)
            told = await tell_of_unfinished(self.project, thread, question)
            return _with_warnings(await self._begin(state, wish.question, listener), told)

    async def carry_out(
        self,
        plan: ExecutionPlan,
        *,
        question: str,
        target: str | None = None,
        thread: str | None = None,
        listener: Listener | None = None,
    ) -> TurnResult:
        """Carry out a plan that a command has made, on a new thread or on a given one, as if `ask` had planned it.

        :param question: what the person typed; it stands in the request that is shown for approval.
        """
        thread = thread or new_thread()
        async with locked_thread(self.project, thread):
            state = entry_state(self.project, thread, Wish(question=question, settings=ThreadSettings()), target)
            state["given_plan"] = to_plain(plan)
            return await self._begin(state, question, listener)

    async def resume(self, thread: str, *, turn: str | None = None, listener: Listener | None = None) -> TurnResult:
        """Go on with a turn after a decision, a stop or a crash. What was done is never done again.

        :param turn: the turn to go on with, and no other; without it all that are not finished, and the result of the
            newest of them (`resume_all` gives each).
        :raises UsageError: there is no such thread or turn.
        """
        async with locked_thread(self.project, thread):
            threads = threads_of(self.project)
            await threads.get(thread)
            recovered = await self._recovered()
            rows = await threads.turns(thread, unfinished_only=True)
            if turn is not None:
                wanted = [row for row in rows if row.turn == turn]
                result = await self._run(wanted[0], listener) if wanted else await self._ended(thread, turn)
                return _with_warnings(result, recovered)
            results = await self._go_on(rows, listener)
            newest = results[-1] if results else await self._ended(thread, None)
            return _with_warnings(newest, recovered)

    async def resume_all(self, thread: str, *, listener: Listener | None = None) -> list[TurnResult]:
        """Go on with every turn of a thread that is not finished, as `resume` does, and give what became of each; of
        a thread that has none, the result of its newest turn.
        """
        async with locked_thread(self.project, thread):
            threads = threads_of(self.project)
            await threads.get(thread)
            recovered = await self._recovered()
            results = await self._go_on(await threads.turns(thread, unfinished_only=True), listener)
            first, *rest = results or [await self._ended(thread, None)]
            return [_with_warnings(first, recovered), *rest]

    async def _go_on(self, rows: Sequence[TurnRow], listener: Listener | None) -> list[TurnResult]:
        """Go on with turns one after the other; one that cannot holds up none behind it.

        :raises OspreyError: the only one cannot.
        """
        results: list[TurnResult] = []
        for row in rows:
            try:
                results.append(await self._run(row, listener))
            except OspreyError as exc:
                if len(rows) == 1:
                    raise
                results.append(evolve(result_of(row), status=TurnStatus.STOPPED, answer=str(exc)))
        return results

    async def _ended(self, thread: str, turn: str | None) -> TurnResult:
        """Give the stored result of a turn, the newest without a name; a checkpoint that a crash left is removed."""
        threads = threads_of(self.project)
        newest = await threads.turns(thread, last=1)
        row = await threads.turn(turn) if turn else next(iter(newest), None)
        if row is None or row.thread != thread:  # another thread's may be under way, and is nobody's to prune here
            msg = f"thread {thread} has no turn {turn!r}" if turn else f"nothing was asked on thread {thread} yet"
            raise UsageError(msg)
        await TurnRun(self.project, await self.graph(), row, None).prune()
        return result_of(row)

    async def _begin(self, state: TurnState, question: str, listener: Listener | None) -> TurnResult:
        recovered = await self._recovered()
        new = NewTurn(
            thread=str(state.get("thread")),
            turn=str(state.get("turn")),
            asked=question,
            target=str(state.get("target")),
            asked_by=str(state.get("user_id")),
            entry={**state},
        )
        row = await threads_of(self.project).begin(new)
        result = await self._run(row, listener, is_new=True)
        return _with_warnings(result, recovered)

    async def _recovered(self) -> list[str]:
        reports = await guard_of(self.project).recover()
        for report in reports:
            await tell_outcome(self.project, report.request_id, CONCLUSIONS)
        return [f"After a crash, request {report.request_id}: {report.reason}" for report in reports]

    async def graph(self) -> CompiledStateGraph[Any, Any]:
        """Give the graph over the project's checkpoints, opened on first use.

        :raises StorageError: the checkpoints cannot be read or written.
        """
        async with self._opening:
            if self._graph is None:
                self._graph = build_graph(
                    self.project, await self._stack.enter_async_context(open_checkpoints(self.project.state_dir))
                )
            return self._graph

    async def aclose(self) -> None:
        """Close the checkpoints; the next use opens them again."""
        async with self._opening:
            self._graph = None
            await self._stack.aclose()


@asynccontextmanager
async def open_agent(project: Project) -> AsyncGenerator[Agent]:
    """Open the agent of a project; its checkpoints live in a file of their own beside the database."""
    agent = Agent(project)
    try:
        await agent.graph()
        yield agent
    except sqlite3.Error as exc:
        raise checkpoint_error(project.state_dir, exc) from exc
    finally:
        await agent.aclose()


def _with_warnings(result: TurnResult, first: list[str]) -> TurnResult:
    return evolve(result, warnings=(*first, *result.warnings)) if first else result
