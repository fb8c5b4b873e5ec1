"""The agent as the guides write it: ``agent.ainvoke({"user_query": ...}, config={"thread_id": ...})``.

The same entry as `Agent.ask` and `Agent.resume`, in mappings. An answer to a question goes through the stored decision
that it names, as in a graph of one's own: `{"approved": True}` without one counts for nothing.
"""

from __future__ import annotations

import math
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any, Final, cast

import anyio
from attrs import asdict
from langgraph.types import Command

from osprey.agent.session import Agent
from osprey.approval.answers import request_id_in, stored_decision
from osprey.errors import UsageError
from osprey.journal import RequestState, journal_of
from osprey.project import current_project
from osprey.sessions import threads_of

if TYPE_CHECKING:
    from anyio.streams.memory import MemoryObjectReceiveStream

    from osprey.agent.events import Event, Listener
    from osprey.agent.state import TurnResult
    from osprey.project import Project

_INPUT_KEYS: Final = frozenset({"user_query", "target"})


class InvokedAgent(Agent):
    """An agent that opens what it needs on first use and closes it with its project."""

    def __init__(self, project: Project) -> None:
        super().__init__(project)
        project.on_close(self.aclose)

    async def ainvoke(
        self,
        given: Mapping[str, Any] | Command[Any],
        config: Mapping[str, Any] | None = None,
        *,
        listener: Listener | None = None,
    ) -> dict[str, Any]:
        """Answer a question, or go on with a thread after ``Command(resume=...)``.

        :param given: ``{"user_query": TEXT}``, with ``target`` if it is not the default one.
        :param config: ``{"thread_id": NAME}``, or the same under ``configurable``.
        :return: the turn as a mapping: ``answer``, ``status``, ``thread_id``, ``plan``, ``approval`` (the request that
            it waits for, with ``__interrupt__`` as LangGraph has it) and more.
        :raises UsageError: another key, no thread to resume.
        :raises RefusedError: an answer that does not count; the question stays open.
        """
        thread = thread_in(config)
        if isinstance(given, Command):
            return _plain(await self._answered(cast("Any", given).resume, thread, listener))
        unknown = set(given) - _INPUT_KEYS
        if unknown or not isinstance(given.get("user_query"), str):
            named = f"{sorted(unknown)[0]!r} is no key of it" if unknown else "user_query is missing, or no text"
            msg = f"the agent is asked with {{'user_query': TEXT}} and, if need be, 'target': {named}"
            raise UsageError(msg)
        result = await self.ask(given["user_query"], target=given.get("target"), thread=thread, listener=listener)
        return _plain(result)

    async def _answered(self, answer: Any, thread: str | None, listener: Listener | None) -> TurnResult:
        if thread is None:
            msg = "an answer needs the thread that asked: config={'thread_id': NAME}"
            raise UsageError(msg)
        waiting = [row.end.request for row in await threads_of(self.project).turns(thread, unfinished_only=True)]
        asked = [request_id for request_id in waiting if request_id is not None]
        named = request_id_in(answer)
        request_id = await self._current(named if named in asked or len(asked) != 1 else asked[0])
        if not asked:
            msg = f"thread {thread} waits for no decision"
            raise UsageError(msg)
        await anyio.to_thread.run_sync(lambda: stored_decision(self.project, answer, asked=request_id))
        return await self.resume(thread, listener=listener)

    async def _current(self, request_id: str | None) -> str | None:
        """Give the request that edits have put in the place of this one, or itself."""
        requests = journal_of(self.project).requests
        while request_id is not None and (await requests.get(request_id)).state is RequestState.SUPERSEDED:
            successor = await requests.successor(request_id)
            if successor is None:
                break
            request_id = successor.id
        return request_id

    @asynccontextmanager
    async def stream(
        self, given: Mapping[str, Any] | Command[Any], config: Mapping[str, Any] | None = None
    ) -> AsyncGenerator[MemoryObjectReceiveStream[Event]]:
        """Answer as `ainvoke` does, and give what happens meanwhile as an async iterator; leaving the block cancels.

        >>> async with agent.stream({"user_query": "what is the beam current"}) as events:  # doctest: +SKIP
        ...     async for event in events:
        ...         print(event)
        """
        send, receive = anyio.create_memory_object_stream[Any](math.inf)

        def listen(event: Event) -> None:
            with suppress(anyio.WouldBlock, anyio.BrokenResourceError):
                send.send_nowait(event)

        failures: list[BaseException] = []  # raised below as they are, not as parts of a group

        async def work() -> None:
            with send:
                try:
                    await self.ainvoke(given, config, listener=listen)
                except Exception as exc:  # noqa: BLE001 - as above
                    failures.append(exc)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(work)
            try:
                with receive:
                    yield receive
            except anyio.get_cancelled_exc_class():
                raise
            except BaseException as exc:  # noqa: BLE001 - as above
                failures.insert(0, exc)
            tasks.cancel_scope.cancel()
        if failures:
            raise failures[0]


def create_agent(project: Project | None = None) -> InvokedAgent:
    """Give the agent of a project: of the current one, if none is named. It is closed with its project."""
    return InvokedAgent(current_project() if project is None else project)


def thread_in(config: Mapping[str, Any] | None) -> str | None:
    """Give the thread that a configuration names, at the top or under ``configurable``.

    :raises UsageError: it names two different ones, or one that is no text.
    """
    given: Mapping[str, Any] = config or {}
    inner: Any = given.get("configurable")
    below: Mapping[str, Any] = cast("Mapping[str, Any]", inner) if isinstance(inner, Mapping) else {}
    found = [where["thread_id"] for where in (given, below) if "thread_id" in where]
    if not all(isinstance(name, str) for name in found) or len(set(found)) > 1:
        msg = f"one thread has one name: {', '.join(map(repr, found))}"
        raise UsageError(msg)
    return next(iter(found), None)


def _plain(result: TurnResult) -> dict[str, Any]:
    plain = asdict(result)
    plain["status"] = result.status.value
    plain["thread_id"] = plain.pop("thread")
    for name in ("runs", "artifacts", "warnings"):
        plain[name] = list(plain[name])
    if result.approval:
        plain["__interrupt__"] = [{"request_id": result.approval}]
    return plain
