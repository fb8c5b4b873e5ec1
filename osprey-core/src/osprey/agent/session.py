"""The entry of every interface: ask a question, resume a thread."""

from __future__ import annotations

import secrets
import sqlite3
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, cast

from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from langgraph.errors import GraphRecursionError

from osprey.agent._serialization import to_plain
from osprey.agent.graph import build_graph
from osprey.agent.messages import read_message
from osprey.agent.state import TurnResult, TurnState, TurnStatus, Unplanned
from osprey.agent.threads import locked_thread
from osprey.approval import identity_of
from osprey.approval.desk import comment
from osprey.approval.interrupts import answer_to, pending_request, strict_resume
from osprey.approval.notices import tell_outcome
from osprey.control import guard_of
from osprey.errors import ConfigError, StorageError, UsageError
from osprey.journal import RequestState, journal_of
from osprey.journal.values import CONCLUSIONS

if TYPE_CHECKING:
    from langchain_core.runnables import RunnableConfig
    from langgraph.graph.state import CompiledStateGraph
    from langgraph.types import Command, StateSnapshot

    from osprey.base import ExecutionPlan
    from osprey.project import Project

Progress = Callable[[str, Mapping[str, Any]], None]
"""Called after each node with its name and what it changed."""


class Agent:
    """Answers questions about the targets of one project."""

    def __init__(self, project: Project, graph: CompiledStateGraph[Any, Any]) -> None:
        self._project = project
        self._graph = graph

    async def ask(
        self,
        question: str,
        *,
        target: str | None = None,
        thread: str | None = None,
        on_progress: Progress | None = None,
    ) -> TurnResult:
        """Answer a question on a new thread, or on a given one that waits for nothing.

        ``/planning`` before the question has a person look at the plan as a whole before its first step.

        :raises UsageError: the question is empty, the target unknown, or the thread waits for a decision; what was said
            to a thread that waits is kept with its request as a remark, and decides nothing.
        """
        asked = read_message(question)
        thread = thread or _new_thread()
        async with locked_thread(self._project, thread):
            await self._require_free(thread, question)
            state = await self._new_turn(thread, asked.text, target)
            state["planning_mode"] = asked.is_planning
            await self._run(thread, state, on_progress)
            await self._follow(thread, on_progress)
            return await self._result(thread)

    async def carry_out(
        self, plan: ExecutionPlan, *, question: str, target: str | None = None, on_progress: Progress | None = None
    ) -> TurnResult:
        """Carry out a plan that a command has made, on a new thread, as if `ask` had planned it.

        :param question: what the person typed; it stands in the request that is shown for approval.
        """
        thread = _new_thread()
        async with locked_thread(self._project, thread):
            state = await self._new_turn(thread, question, target)
            state["given_plan"] = to_plain(plan)
            await self._run(thread, state, on_progress)
            await self._follow(thread, on_progress)
            return await self._result(thread)

    async def _new_turn(self, thread: str, question: str, target: str | None) -> TurnState:
        return {
            "thread": thread,
            "turn": secrets.token_hex(4),
            "user_query": question,
            "target": target or self._project.config.control_system.default_target,
            "planning_mode": False,
            "given_plan": None,
            "pending": None,
            "status": "",
            "unplanned": "",
            "answer": "",
            "warnings": await self._recovered(),
        }

    async def resume(self, thread: str, *, on_progress: Progress | None = None) -> TurnResult:
        """Go on with a thread after a decision or a crash. What was done is never done again.

        :raises UsageError: there is no such thread.
        """
        async with locked_thread(self._project, thread):
            snapshot = await self._snapshot(thread)
            if not snapshot.values:
                msg = f"there is no thread {thread!r}; `osprey approvals list` shows the threads that wait"
                raise UsageError(msg)
            recovered = await self._recovered()
            if pending_request(snapshot) is None and snapshot.next:
                # A process died between two nodes: the next one has not finished.
                await self._run(thread, None, on_progress)
            await self._follow(thread, on_progress)
            return await self._result(thread, extra_warnings=recovered)

    async def _follow(self, thread: str, on_progress: Progress | None) -> None:
        """Go on as long as what the thread waits for is decided: once for each request, those of an edit included."""
        answered: set[str] = set()
        while True:
            snapshot = await self._snapshot(thread)
            request_id = pending_request(snapshot)
            if request_id is None or request_id in answered or not await self._is_decided(request_id):
                return
            answered.add(request_id)
            await self._run(thread, answer_to(snapshot, request_id), on_progress)

    async def _require_free(self, thread: str, question: str) -> None:
        """Refuse a new question where the last one is not finished: its approval would be nobody's."""
        snapshot = await self._snapshot(thread)
        waiting = pending_request(snapshot)
        if waiting:
            await comment(self._project, waiting, identity_of(self._project), question)
            msg = (
                f"thread {thread} waits for a decision on request {waiting}; what you said is kept with it as a remark "
                f"and decides nothing: osprey approvals show {waiting}, or ask without a thread"
            )
            raise UsageError(msg)
        if snapshot.next:
            msg = f"thread {thread} was cut short: osprey resume {thread}, or ask without a thread"
            raise UsageError(msg)

    async def _run(self, thread: str, entry: TurnState | Command[Any] | None, on_progress: Progress | None) -> None:
        # durability="sync": LangGraph's default may lose finished nodes in a crash and run them again.
        graph = cast("Any", self._graph)  # LangGraph's overloads of astream are partly untyped
        stream = graph.astream(entry, self._settings(thread), stream_mode="updates", durability="sync")
        try:
            async for update in cast("AsyncIterator[dict[str, Any]]", stream):
                for node, changed in update.items():
                    if on_progress and isinstance(changed, dict):
                        on_progress(node, cast("dict[str, Any]", changed))
        except GraphRecursionError as exc:
            limit = self._project.config.graph_recursion_limit
            msg = (
                f"thread {thread} needs more than {limit} steps; raise "
                "execution_control.limits.graph_recursion_limit in config.yml, then: osprey resume " + thread
            )
            raise ConfigError(msg) from exc

    async def _recovered(self) -> list[str]:
        reports = await guard_of(self._project).recover()
        for report in reports:
            await tell_outcome(self._project, report.request_id, CONCLUSIONS)
        return [f"After a crash, request {report.request_id}: {report.reason}" for report in reports]

    async def _result(self, thread: str, extra_warnings: list[str] | None = None) -> TurnResult:
        snapshot = await self._snapshot(thread)
        values = cast("TurnState", snapshot.values)
        waiting = pending_request(snapshot)
        results: list[dict[str, Any]] = values.get("results", [])
        return TurnResult(
            thread=thread,
            status=TurnStatus.WAITING if waiting else TurnStatus(values.get("status") or "failed"),
            answer=values.get("answer", ""),
            approval=waiting,
            unplanned=Unplanned(why) if (why := values.get("unplanned")) else None,
            is_decided=bool(waiting) and await self._is_decided(str(waiting)),
            runs=[run for result in results for run in result["runs"]],
            artifacts=[path for result in results for path in result["artifacts"]],
            warnings=[*(extra_warnings or ()), *values.get("warnings", [])],
        )

    async def _is_decided(self, request_id: str) -> bool:
        row = await journal_of(self._project).requests.get(request_id)
        return row.state is not RequestState.PENDING

    async def _snapshot(self, thread: str) -> StateSnapshot:
        return await self._graph.aget_state(self._settings(thread))

    def _settings(self, thread: str) -> RunnableConfig:
        return {
            "configurable": {"thread_id": thread, **strict_resume()},
            "recursion_limit": self._project.config.graph_recursion_limit,
        }


@asynccontextmanager
async def open_agent(project: Project) -> AsyncGenerator[Agent]:
    """Open the agent of a project; its checkpoints live in a file of their own beside the database."""
    path = project.state_dir / "checkpoints.db"
    try:
        async with AsyncSqliteSaver.from_conn_string(str(path)) as saver:
            # Only what is plain data comes back from a checkpoint; no class is imported by its name.
            saver.serde = JsonPlusSerializer(allowed_msgpack_modules=None)
            path.chmod(0o600)
            yield Agent(project, build_graph(project, saver))
    except sqlite3.Error as exc:
        msg = f"the checkpoints in {path} cannot be read or written ({exc}): look for a full disk, then try again"
        raise StorageError(msg) from exc


def _new_thread() -> str:
    return f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}-{secrets.token_hex(2)}"
