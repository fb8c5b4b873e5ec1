"""The guard behind a unix socket, for callers in other processes of the same user.

A request is ``{"op": "judge" | "apply", "body": ...}`` with the body in wire form, the answer either
``{"ok": ...}`` or ``{"error": {"type", "message", "rule"}}``. An apply that has begun is finished and recorded
even if its caller goes away.
"""

from __future__ import annotations

import os
import socket
import struct
from pathlib import Path
from typing import Any, Final, Protocol

import anyio
from anyio.abc import SocketAttribute, SocketStream, TaskStatus

from osprey.control.guard.frames import CLOSED, FrameError, Frames
from osprey.control.requests import ApplyReport, ApplyRequest, Judgement, JudgeRequest
from osprey.control.wire import from_wire, to_wire
from osprey.errors import OspreyError, RefusedError

_CREDENTIALS: Final = struct.Struct("3i")
"""Process, user and group, as Linux gives them for `SO_PEERCRED`."""


class GuardLike(Protocol):
    """What can be served: the guard, or another client of it."""

    async def judge(self, request: JudgeRequest) -> Judgement: ...

    async def apply(self, request: ApplyRequest) -> ApplyReport: ...


async def serve_guard(
    guard: GuardLike, path: Path, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED
) -> None:
    """Serve the guard until cancelled; `task_status` tells when the socket can be reached.

    :param path: must lie in a folder that only this user can enter.
    """
    async with await anyio.create_unix_listener(path, mode=0o600) as listener:
        task_status.started()
        await listener.serve(lambda stream: _serve_connection(guard, stream))


async def _serve_connection(guard: GuardLike, stream: SocketStream) -> None:
    frames = Frames(stream)
    async with stream:
        try:
            if not _is_same_user(stream):
                await frames.send(_error(RefusedError("this socket serves one user only", rule="guard.peer")))
                return
            while True:
                await frames.send(await _answer(guard, await frames.receive()))
        except CLOSED:
            return
        except FrameError as exc:
            await _say_goodbye(frames, exc)


async def _say_goodbye(frames: Frames, exc: FrameError) -> None:
    try:
        await frames.send(_error(exc))
    except CLOSED:
        return


def _is_same_user(stream: SocketStream) -> bool:
    """Ask the operating system who is at the other end; where it does not tell, the socket's mode decides."""
    option = getattr(socket, "SO_PEERCRED", None)
    if option is None:
        return True
    peer = stream.extra(SocketAttribute.raw_socket)  # noqa: S610 - a socket, not a Django query
    raw = peer.getsockopt(socket.SOL_SOCKET, option, _CREDENTIALS.size)
    return _CREDENTIALS.unpack(raw)[1] == os.getuid()


async def _answer(guard: GuardLike, message: dict[str, Any]) -> dict[str, Any]:
    try:
        answer = await _ask(guard, message)
    except OspreyError as exc:
        return _error(exc)
    except Exception as exc:  # noqa: BLE001 - the guard's refusal: whatever fails is answered with no
        return _error(RefusedError(f"{type(exc).__name__}: {exc}", rule="guard.error"))
    return {"ok": to_wire(answer)}


async def _ask(guard: GuardLike, message: dict[str, Any]) -> Judgement | ApplyReport:
    match message:
        case {"op": "judge", "body": body, **rest} if not rest:
            return await guard.judge(from_wire(JudgeRequest, body))
        case {"op": "apply", "body": body, **rest} if not rest:
            return await guard.apply(from_wire(ApplyRequest, body))
        case _:
            raise RefusedError("the request is not understood", rule="guard.not_understood")


def _error(exc: OspreyError) -> dict[str, Any]:
    error = {"type": type(exc).__name__, "message": str(exc), "rule": getattr(exc, "rule", "")}
    return {"error": error}
