"""One turn on its way: begun, answered when a person has decided, stored when it ends, and pruned then."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any, cast

import anyio
from attrs import evolve
from langgraph.errors import GraphDrained, GraphRecursionError
from langgraph.runtime import RunControl

from osprey.agent.answers import compose_answer
from osprey.agent.brakes import run_with_brakes
from osprey.agent.events import Listener, TurnBegan, TurnEnded
from osprey.agent.state import TurnResult, TurnState, Unplanned
from osprey.agent.telling import Teller, span
from osprey.approval.interrupts import answer_to, pending_request, strict_resume
from osprey.config import Posture
from osprey.errors import ConfigError
from osprey.journal import RequestState, journal_of
from osprey.logs import turn_noted
from osprey.sessions import UNFINISHED, TurnEnd, TurnRow, TurnStatus, threads_of
from osprey.storage.checkpoints import delete_checkpoints
from osprey.telemetry import export_spans

if TYPE_CHECKING:
    from langchain_core.runnables import RunnableConfig
    from langgraph.graph.state import CompiledStateGraph
    from langgraph.types import Command, StateSnapshot

    from osprey.project import Project


class TurnRun:
    """Runs one turn in the graph, from its beginning or from where it was left."""

    def __init__(
        self, project: Project, graph: CompiledStateGraph[Any, Any], row: TurnRow, listener: Listener | None
    ) -> None:
        self._project = project
        self._graph = graph
        self._row = row
        self._teller = Teller(listener)
        self._control = RunControl()
        self._is_drained = False

    def drain(self) -> None:
        """Stop before the next node: what is under way ends by itself, and nothing new begins."""
        self._control.request_drain()

    async def go(self, *, is_new: bool = False) -> TurnResult:
        """Work until the turn ends or waits for a person, and store how it stands. What was done is never done again.

        Where it is cancelled or fails it is stored as stopped, and going on later begins with the node that was cut.
        """
        row, end = self._row, evolve(self._row.end, status=TurnStatus.STOPPED)
        try:
            with (
                self._project.activate(),
                self._teller.active(),
                turn_noted(row.thread, row.turn),
                span("turn", thread=row.thread) as note,
            ):
                self._teller.tell(TurnBegan(thread=row.thread, turn=row.turn, asked=row.asked))
                snapshot = await run_with_brakes(self._project, lambda: self._go(is_new=is_new))
                result = await self._result(snapshot)
                end, note.status = _end_of(result), result.status.value
        finally:
            with anyio.CancelScope(shield=True):
                spans = self._teller.take_spans()
                export_spans(self._project, thread=row.thread, turn=row.turn, spans=spans)
                await threads_of(self._project).end(row.turn, end, spans)
        if result.status not in UNFINISHED:
            await self.prune()
        self._teller.tell(TurnEnded(thread=row.thread, turn=row.turn, status=result.status.value, answer=result.answer))
        return result

    async def prune(self) -> None:
        """Remove the checkpoints of a turn that has ended: all that is kept of it is stored."""
        saver: Any = cast("Any", self._graph).checkpointer
        with anyio.CancelScope(shield=True):
            await saver.adelete_thread(self._row.turn)
            await delete_checkpoints(saver, f"{self._row.turn}/")  # of runs that its steps have called

    async def _go(self, *, is_new: bool) -> StateSnapshot:
        """Work as far as it goes, and give how the graph stands then."""
        if is_new:
            await self._run(cast("TurnState", self._row.entry))
        else:
            snapshot = await self._snapshot()
            if not snapshot.values:
                # Its process died before the first checkpoint: nothing of it was done.
                await self._run(cast("TurnState", self._row.entry))
            elif pending_request(snapshot) is None and snapshot.tasks:
                # It was cut between two nodes. Not `next`: a node whose result is stored and not yet taken up is in
                # `tasks` alone.
                await self._run(None)
        return await self._follow()

    async def _follow(self) -> StateSnapshot:
        """Go on as long as what the turn waits for is decided: once for each request, those of an edit included."""
        answered: set[str] = set()
        while True:
            snapshot = await self._snapshot()
            request_id = pending_request(snapshot)
            is_over = request_id is None or request_id in answered or self._is_drained
            if is_over or request_id is None or not await self._is_decided(request_id):
                return snapshot
            answered.add(request_id)
            await self._run(answer_to(snapshot, request_id))

    async def _run(self, entry: TurnState | Command[Any] | None) -> None:
        # durability="sync": LangGraph's default may lose finished nodes in a crash and run them again.
        graph = cast("Any", self._graph)  # LangGraph's overloads of astream are partly untyped
        stream = graph.astream(entry, self._settings, stream_mode="updates", durability="sync", control=self._control)
        try:
            async for _ in cast("AsyncIterator[Any]", stream):
                pass
        except GraphDrained:
            self._is_drained = True
        except GraphRecursionError as exc:
            msg = (
                f"thread {self._row.thread} needs more than {self._limits.graph_recursion_limit} steps; raise "
                f"execution_control.limits.graph_recursion_limit in config.yml, then: osprey resume {self._row.thread}"
            )
            raise ConfigError(msg) from exc

    async def _result(self, snapshot: StateSnapshot) -> TurnResult:
        values = cast("TurnState", snapshot.values)
        waiting = pending_request(snapshot)
        results: list[dict[str, Any]] = values.get("results", [])
        status = TurnStatus.WAITING if waiting else TurnStatus(values.get("status") or "failed")
        is_cut = self._is_drained and not waiting and bool(snapshot.tasks)
        told = "\n".join(
            [*self._told_so_far(values), f"Stopped before the next step: osprey resume {self._row.thread}"]
        )
        return TurnResult(
            thread=self._row.thread,
            turn=self._row.turn,
            status=TurnStatus.STOPPED if is_cut else status,
            answer=told if is_cut else values.get("answer", ""),
            approval=waiting,
            is_decided=bool(waiting) and await self._is_decided(str(waiting)),
            runs=[run for result in results for run in result["runs"]],
            artifacts=[path for result in results for path in result["artifacts"]],
            warnings=values.get("warnings", []),
            plan=values.get("plan", {}),
            contexts=values.get("contexts", {}),
            task=values.get("task") or self._row.asked,
            usage=values.get("usage", {}),
            unplanned=Unplanned(why) if (why := values.get("unplanned")) else None,
        )

    def _told_so_far(self, values: TurnState) -> list[str]:
        if not values.get("results"):
            return []
        target = self._project.config.control_system.targets.get(str(values.get("target")))
        simulated = target is not None and target.posture is Posture.SIMULATION
        return [compose_answer(values, simulated=simulated)]

    async def _is_decided(self, request_id: str) -> bool:
        row = await journal_of(self._project).requests.get(request_id)
        return row.state is not RequestState.PENDING

    async def _snapshot(self) -> StateSnapshot:
        return await self._graph.aget_state(self._settings)

    @property
    def _limits(self) -> Any:
        return self._project.config.turn_limits

    @property
    def _settings(self) -> RunnableConfig:
        # A turn has checkpoints of its own: one that waits for a person holds up no other turn of its thread.
        return {
            "configurable": {"thread_id": self._row.turn, **strict_resume()},
            "recursion_limit": self._limits.graph_recursion_limit,
        }


def _end_of(result: TurnResult) -> TurnEnd:
    return TurnEnd(
        status=result.status,
        answer=result.answer,
        task=result.task,
        request=result.approval,
        plan=result.plan,
        contexts=result.contexts,
        runs=result.runs,
        artifacts=result.artifacts,
        warnings=result.warnings,
        usage=result.usage,
        unplanned=result.unplanned or "",
    )


def result_of(row: TurnRow) -> TurnResult:
    """Give the stored result of a turn that has ended."""
    end = row.end
    return TurnResult(
        thread=row.thread,
        turn=row.turn,
        status=end.status,
        answer=end.answer,
        runs=end.runs,
        artifacts=end.artifacts,
        warnings=end.warnings,
        plan=dict(end.plan),
        contexts=dict(end.contexts),
        task=end.task,
        usage=dict(end.usage),
        unplanned=Unplanned(end.unplanned) if end.unplanned else None,
    )
