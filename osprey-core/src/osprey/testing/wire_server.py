"""A server on the loopback for the tests of chat models' drivers: it says what the test says, byte by byte."""

from __future__ import annotations

import json
import ssl
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final

import anyio
from anyio.abc import ByteStream, SocketAttribute
from anyio.streams.buffered import BufferedByteReceiveStream
from anyio.streams.tls import TLSListener
from attrs import Factory, define, field, frozen

_LONGEST_HEAD: Final = 2**16
_GONE: Final = (
    anyio.BrokenResourceError,
    anyio.ClosedResourceError,
    anyio.EndOfStream,
    anyio.IncompleteRead,
    OSError,
)


@frozen(kw_only=True)
class Question:
    """What a driver sent."""

    path: str
    headers: Mapping[str, str]
    """Their names in lower case."""
    body: dict[str, Any]


@define
class Answering:
    """One answer, to be sent in whatever pieces the test wants."""

    question: Question
    _stream: ByteStream = field(repr=False)

    async def send(self, content: bytes) -> None:
        """Send bytes as they are."""
        await self._stream.send(content)

    async def head(self, status: int = 200, **headers: str) -> None:
        """Send status and headers; ``_`` in a name stands for ``-``."""
        lines = [f"HTTP/1.1 {status} Some Words", *(f"{name.replace('_', '-')}: {v}" for name, v in headers.items())]
        await self.send("\r\n".join([*lines, "", ""]).encode())

    async def whole(self, body: bytes, status: int = 200, **headers: str) -> None:
        """Send an answer in one piece."""
        await self.head(status, **{"content_type": "application/json", "content_length": str(len(body)), **headers})
        await self.send(body)

    async def json(self, value: Any, status: int = 200, **headers: str) -> None:
        """Send a value as JSON."""
        await self.whole(json.dumps(value).encode(), status, **headers)

    async def begin_events(self) -> None:
        """Send the head of a stream of events."""
        await self.head(content_type="text/event-stream; charset=utf-8", transfer_encoding="chunked")

    async def piece(self, content: bytes) -> None:
        """Send a piece of a body whose length is not known."""
        await self.send(b"%x\r\n%s\r\n" % (len(content), content))

    async def event(self, value: Any, name: str = "") -> None:
        """Send an event; a text as it is, anything else as JSON."""
        data = value if isinstance(value, str) else json.dumps(value)
        await self.piece((f"event: {name}\n" if name else "").encode() + f"data: {data}\n\n".encode())

    async def end(self) -> None:
        """End a body whose length was not known."""
        await self.send(b"0\r\n\r\n")

    async def hang(self) -> None:
        """Say nothing more, until the driver leaves."""
        await anyio.sleep_forever()

    async def close(self) -> None:
        """Close the connection in the middle of whatever it is in."""
        await self._stream.aclose()


Script = Callable[[Answering], Awaitable[None]]


@define
class WireServer:
    """The server, as a test sees it."""

    url: str
    questions: list[Question] = Factory(list[Question])
    left: anyio.Event = Factory(anyio.Event)
    """Set once a driver has left in the middle of an answer."""


@asynccontextmanager
async def serve_wire(script: Script, *, tls: ssl.SSLContext | None = None) -> AsyncGenerator[WireServer]:
    """Serve on a free port until the end of the context; every question is answered by the script."""
    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    port = listener.extra(SocketAttribute.local_port)  # noqa: S610 -- not Django
    server = WireServer(f"{'https' if tls else 'http'}://127.0.0.1:{port}")

    failure: Exception | None = None

    async def answer_all(stream: ByteStream) -> None:
        try:
            async with stream:
                await _answer_all(stream, script, server)
        except _GONE:
            pass

    async with listener, anyio.create_task_group() as tasks:
        serving = TLSListener(listener, tls, standard_compatible=False) if tls else listener
        tasks.start_soon(serving.serve, answer_all)
        try:
            yield server
        except Exception as exc:  # noqa: BLE001 -- raised again below, without the group's wrapping
            failure = exc
        tasks.cancel_scope.cancel()
    if failure is not None:
        raise failure


async def _answer_all(stream: ByteStream, script: Script, server: WireServer) -> None:
    incoming = BufferedByteReceiveStream(stream)
    while True:
        question = await _read_question(incoming)
        server.questions.append(question)
        is_answered = False
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_watch, incoming, server, tasks.cancel_scope)
            await script(Answering(question, stream))
            is_answered = True
            tasks.cancel_scope.cancel()
        if not is_answered:
            return


async def _read_question(incoming: BufferedByteReceiveStream) -> Question:
    head = (await incoming.receive_until(b"\r\n\r\n", _LONGEST_HEAD)).decode()
    first, *lines = head.split("\r\n")
    pairs = (line.partition(":") for line in lines)
    headers = {name.lower(): value.strip() for name, _, value in pairs}
    body = await incoming.receive_exactly(int(headers.get("content-length", "0")))
    return Question(path=first.split(" ")[1], headers=headers, body=json.loads(body or b"{}"))


async def _watch(incoming: BufferedByteReceiveStream, server: WireServer, answering: anyio.CancelScope) -> None:
    # A client sends nothing while it is answered: what is noticed here is that it has left.
    try:
        await incoming.receive()
    except _GONE:
        server.left.set()
        answering.cancel()
