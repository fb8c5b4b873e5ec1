"""One attempt, one deadline, and connections that belong to one event loop."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from typing import Any

import anyio
import pytest
from attrs import Factory, define

from osprey.errors import ModelError, ModelErrorKind
from osprey.models.chat.faults import require_no_complaint
from osprey.models.chat.messages import ChatReply, ChatRequest, TextDelta
from osprey.models.chat.protocol import ModelAddress
from osprey.models.chat.reading import AnswerError, ServerEvent
from osprey.models.chat.wire import ModelWire
from osprey.models.chat.wire_driver import WireDriver

HELLO = ChatRequest(messages=())


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    """What all drivers share runs on both event loops; a dialect's library may not."""
    return str(request.param)


@define
class Body:
    pieces: list[bytes]
    hangs: bool = False

    async def iter_bytes(self) -> AsyncGenerator[bytes]:
        for piece in self.pieces:
            await anyio.lowlevel.checkpoint()
            yield piece
        if self.hangs:
            await anyio.sleep_forever()


@define
class FakeConnection:
    whole: Body = Factory(lambda: Body([b'{"said": "well"}']))
    stream: Body = Factory(lambda: Body([b"data: we\n\ndata: ll\n\n", b"data: END\n\n"]))
    is_closed: bool = False
    open_answers: int = 0

    def ask(self, request: ChatRequest) -> AbstractAsyncContextManager[Body]:
        return self._answering(self.whole)

    def ask_for_stream(self, request: ChatRequest) -> AbstractAsyncContextManager[Body]:
        return self._answering(self.stream)

    @asynccontextmanager
    async def _answering(self, body: Body) -> AsyncGenerator[Body]:
        self.open_answers += 1
        try:
            yield body
        finally:
            self.open_answers -= 1

    async def aclose(self) -> None:
        self.is_closed = True


@define
class FakeAnswer:
    text: str = ""
    is_complete: bool = False

    def take_whole(self, answer: Mapping[str, Any]) -> None:
        require_no_complaint(answer)
        self.text = answer["said"]
        self.is_complete = True

    def take(self, event: ServerEvent) -> Iterator[str]:
        if event.data == "END":
            self.is_complete = True
        else:
            self.text += event.data
            yield event.data

    def has_ended(self) -> bool:
        return self.is_complete

    def reply(self) -> ChatReply:
        if not self.is_complete:
            raise AnswerError("cut off")
        return ChatReply(text=self.text)


class FakeDriver(WireDriver):
    def __init__(self, timeout_s: float = 20.0, **bodies: Body) -> None:
        super().__init__(ModelAddress(provider="lab", model_id="m", timeout_s=timeout_s))
        self.made: list[FakeConnection] = []
        self.bodies = bodies

    def wire(self, address: ModelAddress) -> ModelWire:
        return ModelWire.to(address, base_url="https://models.example.org", headers={})

    def connect(self, address: ModelAddress, wire: ModelWire) -> FakeConnection:
        self.made.append(FakeConnection(**self.bodies))
        return self.made[-1]

    def begin(self, request: ChatRequest) -> FakeAnswer:
        return FakeAnswer()


async def gathered(driver: WireDriver) -> list[TextDelta | ChatReply]:
    return [piece async for piece in driver.stream(HELLO)]


@pytest.mark.anyio
async def test_an_answer_comes_whole_and_piece_by_piece() -> None:
    driver = FakeDriver()
    assert (await driver.complete(HELLO)).text == "well"
    assert await gathered(driver) == [TextDelta("we"), TextDelta("ll"), ChatReply(text="well")]
    assert driver.made[0].open_answers == 0


@pytest.mark.anyio
async def test_questions_at_once_share_the_connections() -> None:
    driver = FakeDriver()
    async with anyio.create_task_group() as tasks:
        for _ in range(20):
            tasks.start_soon(driver.complete, HELLO)
    assert len(driver.made) == 1


@pytest.mark.anyio
async def test_the_deadline_ends_an_answer_that_does_not_come() -> None:
    driver = FakeDriver(0.05, whole=Body([], hangs=True), stream=Body([b"data: we\n\n"], hangs=True))
    for ask in (driver.complete(HELLO), gathered(driver)):
        with pytest.raises(ModelError) as caught:
            await ask
        assert caught.value.kind is ModelErrorKind.TIMEOUT
    assert driver.made[0].open_answers == 0


@pytest.mark.anyio
async def test_a_stream_that_stops_before_its_end_is_no_answer() -> None:
    got: list[TextDelta | ChatReply] = []
    with pytest.raises(ModelError) as caught:
        async for piece in FakeDriver(stream=Body([b"data: we\n\n"])).stream(HELLO):
            got.append(piece)  # noqa: PERF401 -- what came before the failure is looked at
    assert (caught.value.kind, got) == (ModelErrorKind.MALFORMED, [TextDelta("we")])


@pytest.mark.anyio
async def test_leaving_a_stream_gives_the_response_back() -> None:
    driver = FakeDriver(stream=Body([b"data: we\n\n"], hangs=True))
    async with aclosing(driver.stream(HELLO)) as pieces:
        assert await anext(pieces) == TextDelta("we")
        assert driver.made[0].open_answers == 1
    assert driver.made[0].open_answers == 0


@pytest.mark.anyio
async def test_a_closed_driver_opens_new_connections() -> None:
    driver = FakeDriver()
    await driver.aclose()
    await driver.complete(HELLO)
    await driver.aclose()
    await driver.complete(HELLO)
    assert [made.is_closed for made in driver.made] == [True, False]


def test_each_event_loop_has_connections_of_its_own() -> None:
    driver = FakeDriver()

    async def ask_twice() -> None:
        await driver.complete(HELLO)
        await driver.complete(HELLO)

    anyio.run(ask_twice)
    anyio.run(ask_twice)
    anyio.run(driver.aclose)
    # Those of a loop that has ended cannot be closed from another.
    assert [made.is_closed for made in driver.made] == [False, False]
