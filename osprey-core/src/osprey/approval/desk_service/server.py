"""The desk behind a unix socket, for users of this host who have no access to the project.

A connection waits for its own peer only, and not for ever. Whatever fails is answered with no. A decision is on the
disk before it is answered, so a caller who goes away has decided all the same.
"""

from __future__ import annotations

import os
import resource
from collections import Counter
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import anyio
import attrs
from anyio.abc import SocketStream, TaskStatus

from osprey.approval.desk_service.answering import answer
from osprey.approval.desk_service.callers import Admission, Caller, doubt_of_service
from osprey.approval.desk_service.messages import MOST_ASKED_BYTES, Welcome, read_hello, read_question
from osprey.approval.desk_service.place import require_place, socket_path
from osprey.approval.people import identity_of_peer
from osprey.control import Actor
from osprey.control.guard.answers import answer_of_error
from osprey.control.guard.frames import CLOSED, FrameError, Frames
from osprey.control.guard.peers import Peer, peer_of
from osprey.control.guard.server import own_version
from osprey.errors import OspreyError, RefusedError, UsageError
from osprey.journal import journal_of
from osprey.storage import FileLock

if TYPE_CHECKING:
    from osprey.project import Project

T = TypeVar("T")

PATIENCE_S: Final = 60.0
"""How long a peer may take to send a whole message, or to take an answer."""
_MOST_OF_ONE_USER: Final = 64
_MOST_OF_ALL: Final = 512


@attrs.frozen(kw_only=True)
class Served:
    """Where the desk is served, and for whom beside the user who serves it."""

    path: Path
    others: tuple[str, ...]
    doubt: str
    """Why the approval of none of them counts as theirs alone; empty if it counts."""


async def serve_desk(
    project: Project,
    *,
    patience_s: float = PATIENCE_S,
    task_status: TaskStatus[Served] = anyio.TASK_STATUS_IGNORED,
) -> None:
    """Serve the project's desk until cancelled; `task_status` tells when the socket can be reached.

    :raises UsageError: the place is not safe or not reachable, a user is unknown, or another process serves it.
    """
    path = socket_path(project)
    admission = Admission.of(project.config.approval)
    others = tuple(admission.others)
    require_place(path, os.getuid(), is_for_others=bool(others))
    lock = FileLock(path.with_name(f"{path.name}.lock"))
    if not lock.try_acquire():
        msg = f"another process already serves {path}: there is one desk for a project"
        raise UsageError(msg)
    service = _Service(project, admission, patience_s)
    try:
        # Who may ask is judged by who they are; the folder says who can come this far.
        async with await anyio.create_unix_listener(path, mode=0o666 if others else 0o600) as listener:
            task_status.started(Served(path=path, others=others, doubt=doubt_of_service()))
            await listener.serve(service.serve_connection)
    finally:
        path.unlink(missing_ok=True)
        lock.release()


class _Service:
    """What the connections share: who is answered, and how many are open."""

    def __init__(self, project: Project, admission: Admission, patience_s: float) -> None:
        self._project = project
        self._admission = admission
        self._patience_s = patience_s
        self._open = Counter[int]()
        self._strangers: set[int] = set()
        self._most_of_all = _most_connections()
        self._most_of_one = min(_MOST_OF_ONE_USER, self._most_of_all // 4)

    async def serve_connection(self, stream: SocketStream) -> None:
        """Hold one conversation; whatever becomes of it, the others go on."""
        frames = Frames(stream, most_received=MOST_ASKED_BYTES)
        async with stream:
            try:
                peer = peer_of(stream)
                with self._counted(peer):
                    await self._converse(frames, await self._admit(peer))
            except CLOSED:
                return
            except Exception as exc:  # noqa: BLE001 - one connection's failure is told to its peer and ends there
                await self._say_goodbye(frames, exc)

    @contextmanager
    def _counted(self, peer: Peer | None) -> Generator[None]:
        """Bound what one user, and all together, can keep open."""
        uid = -1 if peer is None else peer.uid
        if self._open[uid] >= self._most_of_one or self._open.total() >= self._most_of_all:
            msg = "the desk has too many open connections: close some, then try again"
            raise RefusedError(msg, rule="desk.busy")
        self._open[uid] += 1
        try:
            yield
        finally:
            self._open[uid] -= 1

    async def _admit(self, peer: Peer | None) -> Caller:
        try:
            return self._admission.admit(peer)
        except RefusedError as exc:
            # One row a stranger and start: nobody who is not answered can fill the audit.
            if peer is not None and peer.uid not in self._strangers:
                self._strangers.add(peer.uid)
                name = await anyio.to_thread.run_sync(lambda: peer.name)
                await self._audit(Actor(subject=f"os:{name}", terminal=f"desk uid={peer.uid}"), exc)
            raise

    async def _converse(self, frames: Frames, caller: Caller) -> None:
        hello = await self._hear(frames)
        welcome = await self._audited(caller, lambda: _greet(hello, caller))
        await self._say(frames, {"ok": attrs.asdict(welcome)})
        while True:
            await self._say(frames, await self._answer(caller, await self._hear(frames)))

    async def _answer(self, caller: Caller, message: dict[str, Any]) -> dict[str, Any]:
        try:
            return {"ok": await self._ask(caller, message)}
        except OspreyError as exc:
            return answer_of_error(exc)

    async def _ask(self, caller: Caller, message: dict[str, Any]) -> Any:
        identity = identity_of_peer(self._project, caller.actor, is_other_user=not caller.doubt)
        question = await self._audited(caller, lambda: read_question(message))
        try:
            return await answer(self._project, identity, question)
        except RefusedError as exc:
            if exc.rule != "approval.not_authenticated":
                raise
            msg = f"{exc}; at the desk {caller.name} does not count: {caller.doubt}"
            raise RefusedError(msg, rule=exc.rule) from exc

    async def _audited(self, caller: Caller, read: Callable[[], T]) -> T:
        """Read a message; one that is refused leaves its row."""
        try:
            return read()
        except RefusedError as exc:
            await self._audit(caller.actor, exc)
            raise

    async def _audit(self, actor: Actor, exc: RefusedError) -> None:
        await journal_of(self._project).audit.refusal(actor, "ask the desk", exc.rule, str(exc))

    async def _hear(self, frames: Frames) -> dict[str, Any]:
        with anyio.move_on_after(self._patience_s):
            return await frames.receive()
        raise anyio.EndOfStream

    async def _say(self, frames: Frames, message: dict[str, Any]) -> None:
        with anyio.move_on_after(self._patience_s):
            try:
                return await frames.send(message)
            except FrameError as exc:  # too long, and nothing of it was sent
                return await frames.send(answer_of_error(exc))
        raise anyio.EndOfStream

    async def _say_goodbye(self, frames: Frames, exc: Exception) -> None:
        told = exc if isinstance(exc, OspreyError) else RefusedError(f"{type(exc).__name__}: {exc}", rule="desk.error")
        try:
            await self._say(frames, answer_of_error(told))
        except CLOSED:
            return


def _most_connections() -> int:
    """Give how many connections may be open: each is an open file, and the database needs some too."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return _MOST_OF_ALL if soft == resource.RLIM_INFINITY else min(_MOST_OF_ALL, soft // 2)


def _greet(message: dict[str, Any], caller: Caller) -> Welcome:
    theirs, own = read_hello(message).version, own_version()
    if theirs != own:
        msg = f"the desk is of version {own}, its caller of {theirs}: use the same installation, or start it again"
        raise RefusedError(msg, rule="desk.version")
    return Welcome(version=own, subject=caller.actor.subject, doubt=caller.doubt)
