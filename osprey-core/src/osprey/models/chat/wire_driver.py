"""What drivers share whose endpoints are spoken to over HTTP: one attempt, its deadline, its connections.

A dialect adds how a question is made and how an answer is read.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, aclosing, suppress
from typing import Any, Final, Protocol

import anyio
from anyio.lowlevel import EventLoopToken, current_token

from osprey.errors import ModelError
from osprey.models.chat.faults import fault_of
from osprey.models.chat.messages import ChatReply, ChatRequest, TextDelta
from osprey.models.chat.protocol import ModelAddress
from osprey.models.chat.reading import ServerEvent, read_body, read_events
from osprey.models.chat.wire import ModelWire

_GRACE_S: Final = 0.25


class WireAnswer(Protocol):
    """A response whose body is still to be read."""

    def iter_bytes(self) -> AsyncGenerator[bytes]:
        """Give the body in pieces."""
        ...


class WireConnection(Protocol):
    """The connections to an endpoint, and its dialect's way to put a question."""

    def ask(self, request: ChatRequest) -> AbstractAsyncContextManager[WireAnswer]:
        """Ask for an answer in one piece; the response is open as long as the context."""
        ...

    def ask_for_stream(self, request: ChatRequest) -> AbstractAsyncContextManager[WireAnswer]:
        """Ask for an answer as a stream of events; the response is open as long as the context."""
        ...

    async def aclose(self) -> None:
        """Close the connections."""
        ...


class AnswerInProgress(Protocol):
    """An answer, as far as it has come. Each method raises `AnswerError` for what is none of the dialect, and
    `ComplaintError` for the report of an error."""

    def take_whole(self, answer: Mapping[str, Any]) -> None:
        """Add an answer that came in one piece."""
        ...

    def take(self, event: ServerEvent) -> Iterator[str]:
        """Add an event of a stream, and give the text in it."""
        ...

    def has_ended(self) -> bool:
        """Tell whether a stream has said that nothing follows."""
        ...

    def reply(self) -> ChatReply:
        """Give the answer; one that was cut off is none."""
        ...


class WireDriver(ABC):
    """A `ChatModel` over HTTP. What a library needs to import is imported by `connect`, when a model is first asked."""

    def __init__(self, address: ModelAddress) -> None:
        self.address = address
        self._opening = anyio.Lock()
        self._connection: WireConnection | None = None
        self._loop: EventLoopToken | None = None

    @abstractmethod
    def wire(self, address: ModelAddress) -> ModelWire:
        """Say how the endpoint is spoken to.

        :raises ModelError: the address does not tell.
        """

    @abstractmethod
    def connect(self, address: ModelAddress, wire: ModelWire) -> WireConnection:
        """Make the connections; called in a thread, once an event loop."""

    @abstractmethod
    def begin(self, request: ChatRequest) -> AnswerInProgress:
        """Make an answer of which nothing has come yet."""

    async def complete(self, request: ChatRequest) -> ChatReply:
        """Answer one question, in one attempt."""
        wire = self.wire(self.address)
        try:
            answer = self.begin(request)
            connection = await self._opened(wire)
            with anyio.fail_after(self.address.timeout_s):
                async with connection.ask(request) as response, aclosing(response.iter_bytes()) as body:
                    answer.take_whole(await read_body(body))
            return answer.reply()
        except Exception as exc:  # noqa: BLE001 -- the border to a library, and to what others send
            fault = fault_of(exc, wire)
        # Outside of the clause, without a cause: what a library raises holds the request, and with it the key.
        raise fault

    async def stream(self, request: ChatRequest) -> AsyncGenerator[TextDelta | ChatReply]:
        """Give the answer's text as it comes, and the whole reply last; in one attempt."""
        wire = self.wire(self.address)
        fault: ModelError | None = None
        try:
            answer = self.begin(request)
            async with AsyncExitStack() as stack:
                connection = await self._opened(wire)
                deadline = anyio.current_time() + self.address.timeout_s
                with anyio.fail_after(deadline - anyio.current_time()):
                    response = await stack.enter_async_context(connection.ask_for_stream(request))
                body = await stack.enter_async_context(aclosing(response.iter_bytes()))
                events = await stack.enter_async_context(aclosing(read_events(body)))
                while not answer.has_ended() and (event := await _next_before(deadline, events)) is not None:
                    for text in answer.take(event):
                        yield TextDelta(text)
                await _drain(events)
            yield answer.reply()
        except Exception as exc:  # noqa: BLE001 -- as above
            fault = fault_of(exc, wire)
        if fault is not None:
            raise fault

    async def aclose(self) -> None:
        """Close its connections; a later question opens new ones."""
        connection, self._connection = self._connection, None
        if connection is not None and self._loop == current_token():
            with anyio.CancelScope(shield=True):
                await connection.aclose()

    async def _opened(self, wire: ModelWire) -> WireConnection:
        async with self._opening:
            # Connections belong to the event loop that they were made on.
            if self._connection is None or self._loop != current_token():
                # Libraries take a second to import, and certificates are read from the disk.
                self._connection = await anyio.to_thread.run_sync(
                    self.connect, self.address, wire, abandon_on_cancel=True
                )
                self._loop = current_token()
            return self._connection


async def _drain(events: AsyncGenerator[ServerEvent]) -> None:
    """Read what a server sends after the end, so that the connection can be used again; a server that holds it open, or
    breaks it off, takes nothing from an answer that is complete."""
    with suppress(Exception), anyio.move_on_after(_GRACE_S):
        async for _ in events:
            pass


async def _next_before(deadline: float, events: AsyncGenerator[ServerEvent]) -> ServerEvent | None:
    # A scope around one step: none may be open where a generator hands something out.
    with anyio.fail_after(deadline - anyio.current_time()):
        return await anext(events, None)
