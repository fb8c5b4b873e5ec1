"""The guard of another process: the same questions, over its unix socket."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Self, cast

import anyio

from osprey.control.guard.answers import error_of_answer
from osprey.control.guard.frames import CLOSED, FrameError, Frames
from osprey.control.guard.server import own_version
from osprey.control.requests import ApplyReport, ApplyRequest, Judgement, JudgeRequest
from osprey.control.wire import from_wire, to_wire
from osprey.errors import ConnectorError


class GuardAbsentError(ConnectorError):
    """Nobody serves the guard's socket; nothing was asked."""


class GuardLostError(ConnectorError):
    """The guard went away before it answered: what became of the question is not known."""


class GuardClient:
    """Asks a guard that is served by `serve_guard`; one question at a time."""

    def __init__(self, frames: Frames) -> None:
        self._frames = frames
        self._asking = anyio.Lock()
        self._is_answered = True

    @classmethod
    @asynccontextmanager
    async def connect(cls, path: Path) -> AsyncGenerator[Self]:
        """Connect to the guard's socket.

        :raises GuardAbsentError: nobody serves it.
        :raises RefusedError: ``guard.peer``, ``guard.version``: it does not answer this user or this version.
        """
        try:
            stream = await anyio.connect_unix(path)
        except OSError as exc:
            msg = f"no guard answers at {path}: start it with `osprey guard serve`"
            raise GuardAbsentError(msg) from exc
        async with stream:
            client = cls(Frames(stream))
            await client._ask("hello", {"version": own_version()})
            yield client

    async def judge(self, request: JudgeRequest) -> Judgement:
        """Judge a batch, as `Guard.judge` does."""
        return from_wire(Judgement, await self._ask("judge", to_wire(request)))

    async def apply(self, request: ApplyRequest) -> ApplyReport:
        """Carry out an approved request, as `Guard.apply` does.

        :raises GuardLostError: the guard went away before it answered. It may have carried out the request: ask
            the journal what became of it, never ask again.
        """
        return from_wire(ApplyReport, await self._ask("apply", to_wire(request)))

    async def recover(self) -> tuple[ApplyReport, ...]:
        """Record what dead processes have left open, as `Guard.recover` does."""
        reports = cast("list[Any]", await self._ask("recover", None))
        return tuple(from_wire(ApplyReport, report) for report in reports)

    async def _ask(self, op: str, body: Any) -> Any:
        async with self._asking:
            if not self._is_answered:
                msg = "an earlier question was given up, so its answer would be taken for this one's: connect again"
                raise ConnectorError(msg)
            self._is_answered = False
            try:
                await self._frames.send({"op": op} if body is None else {"op": op, "body": body})
                answer = await self._frames.receive()
                self._is_answered = True
            except (*CLOSED, FrameError) as exc:
                msg = f"the guard went away before it answered to {op!r}: `osprey approvals list` shows what was done"
                raise GuardLostError(msg) from exc
        if "error" in answer:
            raise error_of_answer(answer["error"])
        return answer["ok"]
