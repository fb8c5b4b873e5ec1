"""A desk that is served, and the ways to speak to it: as a client, and as a peer who does not behave."""

from __future__ import annotations

import json
import os
import pwd
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
from attrs import frozen

from osprey.approval.desk_service import callers, server
from osprey.approval.desk_service.client import DeskClient
from osprey.approval.desk_service.server import serve_desk
from osprey.control.guard.peers import Peer
from osprey.control.guard.server import own_version

OWN = pwd.getpwuid(os.getuid()).pw_name
TWO_PERSONS = {"two": {"kinds": ["channel_write"], "persons": 2}}
PEOPLE = {
    "ann": {"subjects": ["os:daemon"], "roles": ["operator"]},
    "ben": {"subjects": ["os:bin"]},
    "own": {"subjects": [f"os:{OWN}"]},
}


@frozen
class Line:
    """A connection of somebody who writes and reads frames by hand."""

    stream: Any

    async def say(self, message: Any) -> None:
        text = json.dumps(message).encode()
        await self.stream.send(len(text).to_bytes(4, "big") + text)

    async def greet(self) -> None:
        await self.say({"op": "hello", "body": {"version": own_version()}})
        assert "ok" in await self.hear()

    async def hear(self) -> Any:
        received = b""
        while len(received) < 4 or len(received) < 4 + int.from_bytes(received[:4], "big"):
            received += await self.stream.receive()
        return json.loads(received[4:])

    async def rest(self) -> bytes:
        """Give what comes until the other side closes."""
        received = b""
        try:
            while True:
                received += await self.stream.receive()
        except (anyio.EndOfStream, anyio.BrokenResourceError):
            return received


@frozen
class Served:
    """A desk that is served, with the project behind it."""

    room: Any
    path: Path

    def client(self) -> AbstractAsyncContextManager[DeskClient]:
        return DeskClient.connect(self.path)

    @asynccontextmanager
    async def line(self, *, is_greeted: bool = True) -> AsyncIterator[Line]:
        async with await anyio.connect_unix(self.path) as stream:
            line = Line(stream)
            if is_greeted:
                await line.greet()
            yield line

    async def answers(self) -> None:
        """Show that the desk answers."""
        with anyio.fail_after(60):
            async with self.client() as client:
                await client.list_open()


Serving = Callable[..., AbstractAsyncContextManager[Served]]


@pytest.fixture
def make_desk_room(make_room: Any) -> Callable[..., Any]:
    """Give a maker of rooms whose lists of writes need two of three people, or what the test says."""

    def make(policies: Any = None, **approval: Any) -> Any:
        return make_room(TWO_PERSONS if policies is None else policies, **{"people": PEOPLE, **approval})

    return make


@pytest.fixture
def serving() -> Serving:
    """Serve the desk of a room for as long as a block lasts."""

    @asynccontextmanager
    async def serve(room: Any, **more: Any) -> AsyncIterator[Served]:
        async with anyio.create_task_group() as group:
            told = await group.start(lambda task_status: serve_desk(room.project, task_status=task_status, **more))
            yield Served(room, told.path)
            await anyio.wait_all_tasks_blocked()
            group.cancel_scope.cancel()

    return serve


@pytest.fixture
async def served(make_desk_room: Any, serving: Serving) -> AsyncIterator[Served]:
    """The desk of a project, for nobody but the user who serves it."""
    async with serving(await make_desk_room()) as one:
        yield one


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that every user of the host can enter and only this one write to."""
    made = Path(tempfile.mkdtemp(prefix="desk-")).resolve()
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


@pytest.fixture
async def open_to_all(make_desk_room: Any, serving: Serving, folder: Path) -> AsyncIterator[Served]:
    """The desk of a project, for three users of the host, two of whom are people with a name."""
    more = {"desk_users": ["daemon", "bin", "mail"], "desk_socket": str(folder / "desk.sock")}
    async with serving(await make_desk_room(**more)) as one:
        yield one


@pytest.fixture
def knock(monkeypatch: pytest.MonkeyPatch) -> Callable[[str | int], None]:
    """Choose whom the operating system names at the other end of the next connections.

    That it truly does is shown with users of the host in `tests/cli/test_desk_commands.py`.
    """
    monkeypatch.setattr(callers, "doubt_of_service", lambda: "")

    def choose(user: str | int) -> None:
        uid = user if isinstance(user, int) else pwd.getpwnam(user).pw_uid
        monkeypatch.setattr(server, "peer_of", lambda _: Peer(uid))

    return choose


@pytest.fixture
def false_desk() -> Callable[..., AbstractAsyncContextManager[list[bytes]]]:
    """Listen at a path as somebody who is no desk: give these answers, and keep what is said after them."""

    @asynccontextmanager
    async def listen(path: Path, *answers: Any) -> AsyncIterator[list[bytes]]:
        heard: list[bytes] = []

        async def serve(stream: Any) -> None:
            line = Line(stream)
            async with stream:
                for answer in answers:
                    await line.hear()
                    await line.say(answer)
                heard.append(await line.rest())

        async with await anyio.create_unix_listener(path) as listener, anyio.create_task_group() as group:
            group.start_soon(listener.serve, serve)
            yield heard
            await anyio.wait_all_tasks_blocked()
            group.cancel_scope.cancel()

    return listen
