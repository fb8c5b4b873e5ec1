"""The desk of another user: the inbox, one request, and decisions, over its unix socket.

What comes from there is data. Texts that go into an error are escaped, because others have written them.
"""

from __future__ import annotations

import hashlib
import json
import stat
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Self, TypeVar

import anyio

from osprey.approval.desk_service.messages import (
    MOST_ASKED_BYTES,
    Decision,
    Entry,
    Hello,
    ListOpen,
    Show,
    Shown,
    Welcome,
    message_of,
)
from osprey.approval.desk_service.place import weakness_of
from osprey.control.guard.answers import error_of_answer
from osprey.control.guard.frames import CLOSED, FrameError, Frames
from osprey.control.guard.peers import Peer, peer_of
from osprey.control.guard.server import own_version
from osprey.control.wire import from_wire
from osprey.errors import OspreyError, RefusedError, UsageError
from osprey.printable import printable_lines

T = TypeVar("T")


class DeskAbsentError(OspreyError):
    """Nobody serves the desk's socket; nothing was asked."""


class DeskLostError(OspreyError):
    """The desk went away, or said what is not understood: what became of the question is not known."""


class DeskClient:
    """Asks a desk that is served by `serve_desk`; one question at a time."""

    def __init__(self, frames: Frames, server: str) -> None:
        self._frames = frames
        self._is_answered = True
        self.server = server
        """The user who serves the desk, as the operating system says."""
        self.welcome = Welcome(version="", subject="", doubt="")

    @classmethod
    @asynccontextmanager
    async def connect(cls, path: Path) -> AsyncGenerator[Self]:
        """Connect to the desk's socket.

        :raises DeskAbsentError: nobody serves it, or this user cannot reach it.
        :raises RefusedError: ``desk.place``: another than the one who serves it could have put it there;
            ``desk.peer``, ``desk.version``, ``desk.busy``: it does not answer this user, this version, or now.
        """
        path = path.absolute()
        try:
            stream = await anyio.connect_unix(path)
        except OSError as exc:
            msg = f"no desk can be reached at {path} ({exc.strerror}): is `osprey desk serve` running there?"
            raise DeskAbsentError(msg) from exc
        async with stream:
            client = cls(Frames(stream), _trusted_server(path, peer_of(stream)).name)
            client.welcome = _read(Welcome, await client._ask(message_of(Hello(version=own_version()))))
            yield client

    async def list_open(self) -> tuple[Entry, ...]:
        """Give the requests that are not finished, oldest first."""
        return _read(tuple[Entry, ...], await self._ask(message_of(ListOpen())))

    async def show(self, request_id: str) -> Shown:
        """Give a request as a person sees it before they decide.

        :raises DeskLostError: its document is not the one that its hash stands for.
        """
        shown = _read(Shown, await self._ask(message_of(Show(request_id=request_id))))
        digest = hashlib.sha256(shown.document.encode(errors="replace")).hexdigest()
        is_its_own = digest == shown.entry.sha256 == shown.card.sha256
        if not is_its_own or not request_id == shown.entry.id == shown.card.id:
            msg = f"the desk shows request {request_id} with a document that is not its own: decide nothing there"
            raise DeskLostError(msg)
        return shown

    async def decide(self, decision: Decision) -> Entry:
        """Have a decision recorded, and give the request as it stands then.

        :raises UsageError: it is too long. :raises RefusedError: the desk says no, with its rule; nothing was decided.
        :raises DeskLostError: the desk went away; the decision may be recorded all the same, and `show` tells.
        """
        message = message_of(decision)
        if len(json.dumps(message)) > MOST_ASKED_BYTES:
            msg = f"a decision with its reason is at most {MOST_ASKED_BYTES} bytes long: say it shorter"
            raise UsageError(msg)
        entry = _read(Entry, await self._ask(message))
        if entry.id != decision.request_id:
            raise DeskLostError("the desk answered for another request: look at both again")
        return entry

    async def _ask(self, message: dict[str, Any]) -> Any:
        if not self._is_answered:
            msg = "an earlier question was given up, so its answer would be taken for this one's: connect again"
            raise DeskLostError(msg)
        self._is_answered = False
        try:
            # Whom it does not answer the desk may have told so, and left, before it was asked.
            with suppress(anyio.BrokenResourceError):
                await self._frames.send(message)
            answer = await self._frames.receive()
        except (*CLOSED, FrameError) as exc:
            msg = f"the desk went away before it answered to {message['op']!r}: look at the request again"
            raise DeskLostError(msg) from exc
        self._is_answered = True
        match answer:
            case {"ok": told}:
                return told
            case {"error": {"type": str(kind), "message": str(text), "rule": str(rule)}}:
                raise error_of_answer({"type": kind, "message": printable_lines(text), "rule": rule})
            case _:
                raise DeskLostError("the desk gave an answer that is not understood: is it of this version?")


def _read(cls: type[T], told: Any) -> T:
    try:
        return from_wire(cls, told)
    except ValueError as exc:
        raise DeskLostError(f"the desk gave an answer that is not understood: {printable_lines(str(exc))}") from exc


def _trusted_server(path: Path, server: Peer | None) -> Peer:
    """Give who serves the desk, if nobody but them and root could have put the socket there."""
    if server is None:
        msg = "this system does not tell who is at a socket's other end: decide with `osprey approvals`"
        raise RefusedError(msg, rule="desk.peer")
    if not stat.S_ISSOCK(path.lstat().st_mode):
        raise RefusedError(f"{path} is another name of a socket: use the socket's own path", rule="desk.place")
    if weakness := weakness_of(path, server.uid):
        msg = f"the desk at {path}, served by {server.name}, is not asked: {weakness}"
        raise RefusedError(msg, rule="desk.place")
    return server
