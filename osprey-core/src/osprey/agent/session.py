"""The entry of every interface: say something, resume a thread."""

from __future__ import annotations

import secrets
import sqlite3
import time
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any

import anyio
from attrs import evolve
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

from osprey.agent._serialization import to_plain
from osprey.agent.commands import Wish, read_wish
from osprey.agent.graph import build_graph
from osprey.agent.running import TurnRun, result_of
from osprey.agent.state import TurnResult, TurnState, TurnStatus
from osprey.agent.threads import locked_thread
from osprey.approval import current_actor, identity_of
from osprey.approval.desk import comment
from osprey.approval.notices import tell_outcome
from osprey.control import guard_of
from osprey.errors import StorageError, UsageError
from osprey.journal import journal_of
from osprey.journal.values import CONCLUSIONS
from osprey.sessions import NewTurn, ThreadSettings, TurnRow, threads_of

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
        thread = thread or _new_thread()
        async with locked_thread(self.project, thread):
            settings = await threads_of(self.project).settings(thread)
            wish = await read_wish(self.project, thread, question, settings)
            told = await self._tell_of_unfinished(thread, question)
            if not wish.question:
                return TurnResult(
                    thread=thread, status=TurnStatus.DONE, answer=wish.reply, warnings=told, is_exit=wish.is_exit
                )
            state = self._entry(thread, wish, target)
            return _with_warnings(await self._begin(state, wish.question, listener), told)

    async def carry_out(
        self, plan: ExecutionPlan, *, question: str, target: str | None = None, listener: Listener | None = None
    ) -> TurnResult:
        """Carry out a plan that a command has made, on a new thread, as if `ask` had planned it.

        :param question: what the person typed; it stands in the request that is shown for approval.
        """
        thread = _new_thread()
        async with locked_thread(self.project, thread):
            state = self._entry(thread, Wish(question=question, settings=ThreadSettings()), target)
            state["given_plan"] = to_plain(plan)
            return await self._begin(state, question, listener)

    async def resume(self, thread: str, *, turn: str | None = None, listener: Listener | None = None) -> TurnResult:
        """Go on with a thread after a decision, a stop or a crash. What was done is never done again.

        :param turn: the turn whose result is wanted; without it that of the newest that was not finished.
        :raises UsageError: there is no such thread.
        """
        async with locked_thread(self.project, thread):
            threads = threads_of(self.project)
            await threads.get(thread)
            recovered = await self._recovered()
            rows = await threads.turns(thread, unfinished_only=True)
            results = [await self._run(row, listener) for row in rows]
            wanted = next((one for one in results if one.turn == turn), results[-1] if results and not turn else None)
            if wanted is None:
                return _with_warnings(await self._ended(thread, turn), recovered)
            return _with_warnings(wanted, [*recovered, *_told_of_others(results, wanted)])

    async def _ended(self, thread: str, turn: str | None) -> TurnResult:
        """Give the stored result of a turn, the newest without a name; a checkpoint that a crash left is removed."""
        threads = threads_of(self.project)
        newest = await threads.turns(thread, last=1)
        row = await threads.turn(turn) if turn else next(iter(newest), None)
        if row is None:
            msg = f"nothing was asked on thread {thread} yet"
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

    def _entry(self, thread: str, wish: Wish, target: str | None) -> TurnState:
        settings = wish.settings
        return {
            "thread": thread,
            "turn": f"{thread}.{secrets.token_hex(4)}",
            "user_query": wish.question,
            "target": target or self.project.config.control_system.default_target,
            "user_id": current_actor().subject,
            "orchestration": self.project.config.agent_control.orchestration_mode.value,
            "planning_mode": settings.planning,
            "approval": settings.approval.value,
            "extracts_tasks": settings.extracts_tasks,
            "selects_capabilities": settings.selects_capabilities,
            "chat": settings.chat,
            "commands": dict(wish.commands),
            "given_plan": None,
            "pending": None,
            "spent_s": 0.0,
            "status": "",
            "answer": "",
            "warnings": [],
        }

    async def _tell_of_unfinished(self, thread: str, said: str) -> list[str]:
        """Keep what is said with every request that the thread waits for, and say what is not finished."""
        told: list[str] = []
        for row in await threads_of(self.project).turns(thread, unfinished_only=True):
            request_id = row.end.request
            if request_id is None:
                told.append(f"'{row.asked}' was cut short; osprey resume {thread} goes on with it")
                continue
            request_id = await self._newest_of(request_id)
            await comment(self.project, request_id, identity_of(self.project), said)
            told.append(
                f"'{row.asked}' waits for request {request_id}; what you said is kept with it as a remark and decides "
                f"nothing: osprey approvals show {request_id}"
            )
        return told

    async def _newest_of(self, request_id: str) -> str:
        """Give the request that edits have put in the place of this one, or itself."""
        requests = journal_of(self.project).requests
        while (successor := await requests.successor(request_id)) is not None:
            request_id = successor.id
        return request_id

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
                self._graph = build_graph(self.project, await self._stack.enter_async_context(_saver(self.project)))
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
        raise _checkpoint_error(project, exc) from exc
    finally:
        await agent.aclose()


@asynccontextmanager
async def _saver(project: Project) -> AsyncGenerator[AsyncSqliteSaver]:
    path = project.state_dir / "checkpoints.db"
    try:
        async with AsyncSqliteSaver.from_conn_string(str(path)) as saver:
            # Only what is plain data comes back from a checkpoint; no class is imported by its name.
            saver.serde = JsonPlusSerializer(allowed_msgpack_modules=None)
            path.chmod(0o600)
            yield saver
    except sqlite3.Error as exc:
        raise _checkpoint_error(project, exc) from exc


def _checkpoint_error(project: Project, exc: sqlite3.Error) -> StorageError:
    path = project.state_dir / "checkpoints.db"
    return StorageError(
        f"the checkpoints in {path} cannot be read or written ({exc}): look for a full disk, then try again"
    )


def _with_warnings(result: TurnResult, first: list[str]) -> TurnResult:
    return evolve(result, warnings=(*first, *result.warnings)) if first else result


def _told_of_others(results: list[TurnResult], shown: TurnResult) -> list[str]:
    return [
        f"another turn of this thread waits for request {one.approval}"
        for one in results
        if one.approval and one is not shown
    ]


def _new_thread() -> str:
    return f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}-{secrets.token_hex(2)}"
