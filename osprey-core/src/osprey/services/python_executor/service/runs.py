"""The runs of a project: begun, gone on with once somebody has decided, and forgotten."""

from __future__ import annotations

import secrets
from collections.abc import Generator
from contextlib import AsyncExitStack, contextmanager
from typing import TYPE_CHECKING, Any, Final, cast

import anyio
from langchain_core.runnables.config import var_child_runnable_config

from osprey.approval.interrupts import answer_to, pending_request, strict_resume
from osprey.errors import StorageError
from osprey.journal import RequestState, journal_of
from osprey.services.python_executor._serialization import from_json, to_json
from osprey.services.python_executor.service.calls import RunCall, require_method
from osprey.services.python_executor.service.endings import Asked, Ended
from osprey.services.python_executor.service.graph import build_graph
from osprey.services.python_executor.service.keeping import make_folder, save_request
from osprey.services.python_executor.service.state import ServiceState
from osprey.storage.checkpoints import open_checkpoints

if TYPE_CHECKING:
    from langchain_core.runnables import RunnableConfig
    from langgraph.graph.state import CompiledStateGraph
    from langgraph.types import Command, StateSnapshot

    from osprey.project import Project
    from osprey.services.python_executor.requests import PythonExecutionRequest

_NODES_AN_ATTEMPT: Final = 8
_NODES: Final = 200
"""Beside those of the attempts: a decision that is held, and what is left of a list, come round again."""
_OPEN: Final = (RequestState.PENDING, RequestState.APPROVED)


class ServiceRuns:
    """Runs of the service in one project. Build it with `runs_of`."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._graph: CompiledStateGraph[Any, Any] | None = None
        self._opening = anyio.Lock()
        self._stack = AsyncExitStack()
        project.on_close(self.aclose)

    async def begin(self, call: RunCall, request: PythonExecutionRequest) -> Asked | Ended:
        """Begin a run, and work until it ends or waits; one of the same call that was cut off goes on.

        Nothing is carried out here, also where the request of a run that was cut off has been decided meanwhile: that
        is `proceed`'s.

        :raises UsageError: the request cannot be kept as it is.
        :raises OspreyError: what it needs is not there now; going on later begins where it stopped.
        """
        require_method(self._project)
        snapshot = await self.snapshot(call.run)
        if snapshot.values and not snapshot.values.get("ended") and _digest_in(snapshot) == call.digest != "":
            if pending_request(snapshot) is None:
                await self._work(call.run, None)
            return await self._standing(call.run)
        if snapshot.values:
            await self.forget(call.run)
        folder = await anyio.to_thread.run_sync(make_folder, self._project, request)
        await anyio.to_thread.run_sync(save_request, folder, request)
        state: ServiceState = {
            "token": secrets.token_hex(8),
            "call": to_json(call),
            "folder": str(folder),
            "attempt": 1,
            "code": "",
            "run_folder": "",
            "is_code_agreed": False,
            "accepts_missing": False,
            "failures": [],
            "waits": False,
            "asked": None,
            "held_by": "",
            "end": None,
            "ended": None,
        }
        await self._work(call.run, state, self._most_nodes(request.retries))
        return await self._standing(call.run)

    async def proceed(self, run: str) -> Asked | Ended:
        """Go on with a run as far as what it waits for is decided; what was done is never done again.

        :raises StorageError: its checkpoints are gone.
        """
        snapshot = await self.snapshot(run)
        if not snapshot.values:
            msg = f"nothing is kept of the run {run!r}, so it cannot go on: ask anew"
            raise StorageError(msg)
        if pending_request(snapshot) is None and snapshot.tasks:
            await self._work(run, None)
        answered: set[str] = set()
        while True:
            snapshot = await self.snapshot(run)
            request_id = pending_request(snapshot)
            if request_id is None or request_id in answered or not await self._is_decided(request_id):
                return await self._standing(run)
            answered.add(request_id)
            await self._work(run, answer_to(snapshot, request_id))

    async def snapshot(self, run: str) -> StateSnapshot:
        """Give how the graph of a run stands; without values there is no such run."""
        with _apart():
            return await (await self._opened()).aget_state(_settings(run))

    async def forget(self, run: str) -> None:
        """Forget a run; what nobody waits for any more is withdrawn, so that nobody approves it."""
        asked = pending_request(await self.snapshot(run))
        if asked is not None:
            await self._withdraw(asked)
        await cast("Any", await self._opened()).checkpointer.adelete_thread(run)

    async def aclose(self) -> None:
        """Close the checkpoints; the next use opens them again."""
        async with self._opening:
            self._graph = None
            await self._stack.aclose()

    async def _opened(self) -> CompiledStateGraph[Any, Any]:
        async with self._opening:
            if self._graph is None:
                saver = await self._stack.enter_async_context(open_checkpoints(self._project.state_dir))
                await saver.setup()
                self._graph = build_graph(self._project, saver)
            return self._graph

    async def _work(self, run: str, entry: ServiceState | Command[Any] | None, most: int = _NODES) -> None:
        graph: Any = await self._opened()
        settings = {**_settings(run), "recursion_limit": most}
        with _apart(), self._project.activate():
            # durability="sync": LangGraph's default may lose finished nodes in a crash and run them again.
            await graph.ainvoke(entry, settings, durability="sync")

    def _most_nodes(self, retries: int) -> int:
        return _NODES + _NODES_AN_ATTEMPT * (1 + retries)

    async def _standing(self, run: str) -> Asked | Ended:
        snapshot = await self.snapshot(run)
        values = cast("ServiceState", snapshot.values)
        asked = values["asked"]
        if pending_request(snapshot) is not None and asked is not None:
            return Asked(
                request_id=asked["request_id"],
                sha256=asked["sha256"],
                said=asked["said"],
                held_by=values["held_by"],
            )
        return from_json(Ended, cast("Any", values["ended"]))

    async def _is_decided(self, request_id: str) -> bool:
        row = await journal_of(self._project).requests.get(request_id)
        return row.state is not RequestState.PENDING

    async def _withdraw(self, request_id: str) -> None:
        from osprey.approval import current_actor

        requests = journal_of(self._project).requests
        if (await requests.get(request_id)).state in _OPEN:
            await requests.withdraw(request_id, current_actor(), "a new run was begun in its place")


def runs_of(project: Project) -> ServiceRuns:
    """Give the runs of a project."""
    return project.part(ServiceRuns, ServiceRuns)


def _digest_in(snapshot: StateSnapshot) -> str:
    return str(snapshot.values.get("call", {}).get("digest", ""))


def _settings(run: str) -> RunnableConfig:
    return {"configurable": {"thread_id": run, **strict_resume()}}


@contextmanager
def _apart() -> Generator[None]:
    """Run a graph by itself, also where a node of another one calls it: with its own thread and checkpoints alone."""
    token = var_child_runnable_config.set(None)
    try:
        yield
    finally:
        var_child_runnable_config.reset(token)
