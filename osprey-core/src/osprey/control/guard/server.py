"""The guard behind a unix socket, for callers in other processes.

A conversation begins with ``{"op": "hello", "body": {"version": ...}}``, because both sides must mean the same by a
request. Then come ``{"op": "judge" | "apply" | "recover", "body": ...}`` with the body in wire form; the answer is
``{"ok": ...}`` or ``{"error": {"type", "message", "rule"}}``. An apply that has begun is finished and recorded even
if its caller goes away.
"""

from __future__ import annotations

from collections.abc import Collection
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final, Protocol

import anyio
from anyio.abc import SocketStream, TaskStatus
from attrs import evolve

from osprey.control.guard.answers import answer_of_error
from osprey.control.guard.frames import CLOSED, FrameError, Frames
from osprey.control.guard.peers import Peer, admitted_peer
from osprey.control.requests import ApplyReport, ApplyRequest, Judgement, JudgeRequest
from osprey.control.wire import from_wire, to_wire
from osprey.errors import OspreyError, RefusedError, UsageError
from osprey.storage import FileLock

SOCKET_FILE: Final = "guard.sock"
LOCK_FILE: Final = "guard.lock"
_LONGEST_PATH: Final = 107
"""Of a unix socket, in bytes, on Linux."""


class GuardLike(Protocol):
    """What can be served: the guard, or another client of it."""

    async def judge(self, request: JudgeRequest) -> Judgement: ...

    async def apply(self, request: ApplyRequest) -> ApplyReport: ...

    async def recover(self) -> tuple[ApplyReport, ...]: ...


def own_version() -> str:
    """Give what both sides of the socket must agree on."""
    return version("osprey-core")


async def serve_guard(
    guard: GuardLike,
    path: Path,
    *,
    users: Collection[str] = (),
    task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED,
) -> None:
    """Serve the guard until cancelled; `task_status` tells when the socket can be reached.

    :param path: in a folder that only this user can enter, or whom its owner lets in.
    :param users: who is answered beside this process's own user.
    :raises UsageError: another process serves it, or the path is too long for a socket.
    """
    if len(str(path).encode()) > _LONGEST_PATH:
        msg = f"{path} is too long for a socket ({_LONGEST_PATH} bytes): choose a shorter folder with `storage.path`"
        raise UsageError(msg)
    lock = FileLock(path.with_name(LOCK_FILE))
    if not lock.try_acquire():
        msg = f"another guard already serves {path}: there is one for a project"
        raise UsageError(msg)
    try:
        async with await anyio.create_unix_listener(path, mode=0o600) as listener:
            task_status.started()
            await listener.serve(lambda stream: _serve_connection(guard, stream, users))
    finally:
        path.unlink(missing_ok=True)
        lock.release()


async def _serve_connection(guard: GuardLike, stream: SocketStream, users: Collection[str]) -> None:
    frames = Frames(stream)
    async with stream:
        try:
            peer = admitted_peer(stream, users)
            await frames.send(_greet(await frames.receive()))
            while True:
                await frames.send(await _answer(guard, peer, await frames.receive()))
        except CLOSED:
            return
        except (FrameError, RefusedError) as exc:
            await _say_goodbye(frames, exc)


def _greet(message: dict[str, Any]) -> dict[str, Any]:
    """Answer the first message of a conversation.

    :raises RefusedError: it is no greeting, or that of another version; nothing else is listened to.
    """
    match message:
        case {"op": "hello", "body": {"version": str(theirs), **rest}, **more} if not rest and not more:
            if theirs == own_version():
                return {"ok": {"version": theirs}}
            told = f"the guard is of version {own_version()}, its caller of {theirs}: start `osprey guard serve` again"
            raise RefusedError(told, rule="guard.version")
        case _:
            raise RefusedError("the request is not understood", rule="guard.not_understood")


async def _say_goodbye(frames: Frames, exc: OspreyError) -> None:
    try:
        await frames.send(answer_of_error(exc))
    except CLOSED:
        return


async def _answer(guard: GuardLike, peer: Peer, message: dict[str, Any]) -> dict[str, Any]:
    try:
        return {"ok": await _ask(guard, peer, message)}
    except OspreyError as exc:
        return answer_of_error(exc)
    except Exception as exc:  # noqa: BLE001 - the guard's refusal: whatever fails is answered with no
        return answer_of_error(RefusedError(f"{type(exc).__name__}: {exc}", rule="guard.error"))


async def _ask(guard: GuardLike, peer: Peer, message: dict[str, Any]) -> Any:
    match message:
        case {"op": "judge", "body": body, **rest} if not rest:
            request = from_wire(JudgeRequest, body)
            return to_wire(await guard.judge(evolve(request, actor=peer.stand_for(request.actor))))
        case {"op": "apply", "body": body, **rest} if not rest:
            demand = from_wire(ApplyRequest, body)
            return to_wire(await guard.apply(evolve(demand, actor=peer.stand_for(demand.actor))))
        case {"op": "recover", **rest} if not rest:
            return to_wire(await guard.recover())
        case _:
            raise RefusedError("the request is not understood", rule="guard.not_understood")
