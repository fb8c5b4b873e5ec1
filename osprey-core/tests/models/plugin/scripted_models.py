"""A plugin whose models answer by a script that a test writes."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from typing import Any

import anyio

from osprey.api import ChatReply, ChatRequest, Model, ModelAddress, TextDelta, hookimpl

Act = Callable[[ModelAddress, ChatRequest], Awaitable[Any]]

SCRIPTS: dict[str, deque[Any]] = defaultdict(deque)
"""Model -> what it does with each question: a reply, a text, an exception, a list of pieces, or a function."""
ASKED: list[tuple[str, ChatRequest]] = []
ADDRESSES: list[ModelAddress] = []
CLOSED: list[str] = []


class Hung:
    """A peer that accepts a question and never answers; it tells when it was given up."""

    def __init__(self) -> None:
        self.was_cancelled = False

    async def __call__(self, address: ModelAddress, request: ChatRequest) -> Any:
        try:
            await anyio.sleep_forever()
        finally:
            self.was_cancelled = True


class ScriptedModel:
    """A driver of this test."""

    def __init__(self, address: ModelAddress) -> None:
        if address.model_id == "unbuildable":
            msg = f"no client for the key {address.api_key}"
            raise RuntimeError(msg)
        ADDRESSES.append(address)
        self._address = address

    async def complete(self, request: ChatRequest) -> Any:
        found = await self._next(request)
        if isinstance(found, Exception):
            raise found
        return ChatReply(text=found) if isinstance(found, str) else found

    async def stream(self, request: ChatRequest) -> AsyncGenerator[Any]:
        found = await self._next(request)
        for piece in found if isinstance(found, list) else [found]:
            if callable(piece):
                await piece(self._address, request)
            elif isinstance(piece, Exception):
                raise piece
            else:
                yield TextDelta(piece) if isinstance(piece, str) else piece

    async def aclose(self) -> None:
        CLOSED.append(self._address.model_id)

    async def _next(self, request: ChatRequest) -> Any:
        ASKED.append((self._address.model_id, request))
        script = SCRIPTS[self._address.model_id]
        act = script.popleft() if script else AssertionError(f"{self._address.model_id} has no more in its script")
        return await act(self._address, request) if callable(act) else act


@hookimpl
def osprey_models() -> Iterable[Model]:
    driver = "scripted_models:ScriptedModel"
    yield Model(name="scripted", summary="Answers by a script", implementation=driver)
    yield Model(
        name="keyed",
        summary="Needs a key",
        implementation=driver,
        base_url="https://models.example.org/v1",
        key_variable="KEYED_KEY",
        json_schema=False,
        tools=False,
    )
    yield Model(name="lost", summary="Its driver is missing", implementation="scripted_models_gone:Model")
