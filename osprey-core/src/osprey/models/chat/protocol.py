"""What a driver of chat models implements, and what it is built from."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from pathlib import Path
from typing import Protocol

from attrs import field, frozen

from osprey.models.chat.messages import ChatReply, ChatRequest, TextDelta


@frozen(kw_only=True)
class ModelAbilities:
    """What an endpoint can do beyond answering with text."""

    json_schema: bool = True
    """It holds an answer to a JSON Schema; without it the form stands in the question, to be found in the answer."""
    tools: bool = True


@frozen(kw_only=True)
class ModelAddress:
    """One model of one endpoint: all that a driver needs to reach it."""

    provider: str
    """The name in `api.providers`, for messages and accounts."""
    model_id: str
    """Passed through as it is."""
    base_url: str = ""
    """Empty: the endpoint that the driver knows."""
    api_key: str = field(default="", repr=False)
    headers: Mapping[str, str] = field(factory=dict[str, str], repr=False)
    max_tokens: int | None = None
    temperature: float | None = None
    timeout_s: float = 60.0
    """The deadline of one attempt, from the connection to the last byte."""
    abilities: ModelAbilities = ModelAbilities()
    recording: Path | None = None
    """Of the dialect `replay`: the file that it answers from."""


class ChatModel(Protocol):
    """A driver, bound to one model. It is built as ``Driver(address)`` and contacts nobody before it is asked.

    It makes one attempt: whether and when another follows is decided above it, for all drivers alike, so a driver
    switches off the retries of the library that it is made of.
    """

    def __init__(self, address: ModelAddress) -> None: ...

    async def complete(self, request: ChatRequest) -> ChatReply:
        """Answer one question.

        :raises ModelError: it could not be answered; `kind` says why.
        """
        ...

    def stream(self, request: ChatRequest) -> AsyncGenerator[TextDelta | ChatReply]:
        """Give the answer's text piece by piece, and the whole reply last.

        :raises ModelError: as `complete`; also in the middle of an answer, which is then worth nothing.
        """
        ...

    async def aclose(self) -> None:
        """Close its connections."""
        ...
