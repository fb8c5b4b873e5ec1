"""What a chat model is asked, and what it answers: values that every dialect can say."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final

from attrs import field, frozen


class Speaker(StrEnum):
    """Who says a message."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"
    TOOL = "tool"
    """The result of a tool that the model called."""


class Finish(StrEnum):
    """Why an answer ended."""

    STOP = "stop"
    """The model had said all."""
    TOOL_CALLS = "tool_calls"
    """It waits for the results of tools."""
    LENGTH = "length"
    """It was cut off at the limit of tokens."""
    REFUSAL = "refusal"
    """The model, or a filter before it, declined to answer."""


@frozen(kw_only=True)
class ToolCall:
    """A tool that the model wants called."""

    id: str
    name: str
    arguments: Mapping[str, Any] | None
    """None: what the model wrote is no JSON object; it stands in `text`."""
    text: str = ""
    """The arguments as the model wrote them."""


@frozen(kw_only=True)
class ToolSpec:
    """A tool that the model may call."""

    name: str
    description: str
    parameters: Mapping[str, Any]
    """A JSON Schema of type object."""


@frozen(kw_only=True)
class AnswerForm:
    """The form that an answer must have: one JSON value."""

    name: str
    schema: Mapping[str, Any]
    """A JSON Schema of type object. A driver hands it on where the endpoint can hold a model to it; what comes back is
    checked by whoever asked, in any case."""


@frozen(kw_only=True)
class ChatMessage:
    """One message of a conversation."""

    speaker: Speaker
    text: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    """Of the assistant."""
    tool_call_id: str = ""
    """Of a tool's result: the call that it answers."""


@frozen(kw_only=True)
class ChatRequest:
    """One question to a model, complete: a model keeps nothing between two questions."""

    messages: tuple[ChatMessage, ...]
    tools: tuple[ToolSpec, ...] = ()
    form: AnswerForm | None = None
    max_tokens: int | None = None
    """The longest answer; None: what the configuration says of the model."""
    temperature: float | None = None


@frozen(kw_only=True)
class Usage:
    """Tokens, as the endpoint counted them; 0 where it does not say."""

    input_tokens: int = 0
    """All of the question, those read from a cache included."""
    output_tokens: int = 0
    cached_tokens: int = 0
    """Those of the question that were read from a cache."""

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            input_tokens=self.input_tokens + other.input_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            cached_tokens=self.cached_tokens + other.cached_tokens,
        )


NO_USAGE: Final = Usage()


@frozen(kw_only=True)
class ChatReply:
    """What a model answered."""

    text: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    finish: Finish = Finish.STOP
    usage: Usage = field(default=NO_USAGE)
    model: str = ""
    """The model that answered, as the endpoint names it."""


@frozen
class TextDelta:
    """A piece of an answer that is on its way."""

    text: str
