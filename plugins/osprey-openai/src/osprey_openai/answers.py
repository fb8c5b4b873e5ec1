"""What an answer says in OpenAI's dialect: whole, and piece by piece.

It is read from what was sent, not from LangChain's values: those complete arguments of tools that were cut off, and
lose what has no place in them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from attrs import define, field

from osprey.api import (
    AnswerError,
    ChatReply,
    Finish,
    ServerEvent,
    ToolCall,
    Usage,
    read_arguments,
    read_object,
    require_no_complaint,
)

_DONE: Final = "[DONE]"

_FINISHES: Final[Mapping[str, Finish]] = {
    "stop": Finish.STOP,
    "eos": Finish.STOP,
    "length": Finish.LENGTH,
    "tool_calls": Finish.TOOL_CALLS,
    "function_call": Finish.TOOL_CALLS,
    "content_filter": Finish.REFUSAL,
}


@define
class _Call:
    id: str = ""
    name: str = ""
    arguments: str = ""


@define
class GatheredAnswer:
    """An answer, as far as it has come."""

    refusal: str = ""
    finish: str = ""
    model: str = ""
    usage: Usage = field(factory=Usage)
    _pieces: list[str] = field(factory=list[str], init=False)
    _calls: dict[int, _Call] = field(factory=dict[int, _Call], init=False)

    def take(self, event: ServerEvent) -> Iterator[str]:
        """Add an event of a stream, and give the text in it.

        :raises AnswerError: it is none of the dialect.
        """
        if event.data.strip() == _DONE:
            return
        chunk = read_object(event.data)
        self._take_frame(chunk)
        choices = _sequence(chunk, "choices")
        if not choices:
            return
        choice = _mapping(choices[0], "choice")
        self.finish = _text(choice, "finish_reason") or self.finish
        delta = choice.get("delta")
        if delta is not None:
            yield from self._take_message(_mapping(delta, "delta"))

    def take_whole(self, answer: Mapping[str, Any]) -> None:
        """Add an answer that came in one piece.

        :raises AnswerError: it is none of the dialect.
        """
        self._take_frame(answer)
        choices = _sequence(answer, "choices")
        if not choices:
            msg = "the answer has no choices"
            raise AnswerError(msg)
        choice = _mapping(choices[0], "choice")
        for _ in self._take_message(_mapping(choice.get("message"), "message")):
            pass
        # Servers leave it out; a whole body is complete without it.
        self.finish = _text(choice, "finish_reason") or "stop"

    def reply(self) -> ChatReply:
        """Give the answer.

        :raises AnswerError: it was cut off, or ended for a reason that nobody knows.
        """
        if not self.finish:
            msg = "the stream ended before the answer did"
            raise AnswerError(msg)
        if self.finish not in _FINISHES:
            msg = f"the answer ended for an unknown reason, {self.finish[:40]!r}"
            raise AnswerError(msg)
        calls = tuple(_tool_call(self._calls[index], index) for index in sorted(self._calls))
        return ChatReply(
            text="".join(self._pieces),
            tool_calls=calls,
            finish=self._finish(has_calls=bool(calls)),
            usage=self.usage,
            model=self.model,
        )

    def _finish(self, *, has_calls: bool) -> Finish:
        finish = _FINISHES[self.finish]
        if self.refusal:
            return Finish.REFUSAL
        # Servers say "stop" after a call of a tool, and "tool_calls" after none.
        if finish in {Finish.STOP, Finish.TOOL_CALLS}:
            return Finish.TOOL_CALLS if has_calls else Finish.STOP
        return finish

    def _take_frame(self, answer: Mapping[str, Any]) -> None:
        require_no_complaint(answer)
        self.model = _text(answer, "model") or self.model
        usage = answer.get("usage")
        if isinstance(usage, Mapping):
            self.usage = _usage(usage)

    def _take_message(self, message: Mapping[str, Any]) -> Iterator[str]:
        refusal = _text(message, "refusal")
        self.refusal += refusal
        text = _content(message.get("content")) + refusal
        if text:
            self._pieces.append(text)
            yield text
        for place, call in enumerate(_sequence(message, "tool_calls")):
            self._take_call(_mapping(call, "tool call"), place)

    def _take_call(self, piece: Mapping[str, Any], place: int) -> None:
        index = self._index(piece, place)
        call = self._calls.setdefault(index, _Call())
        function = _mapping(piece.get("function") or {}, "function")
        call.id = _text(piece, "id") or call.id
        call.name = _text(function, "name") or call.name
        arguments = function.get("arguments")
        # Servers give them as an object, against the dialect.
        call.arguments += arguments if isinstance(arguments, str) else _dumped(arguments)

    def _index(self, piece: Mapping[str, Any], place: int) -> int:
        stated = piece.get("index")
        if isinstance(stated, int) and stated >= 0:
            return stated
        # Without an index, a piece with an id of its own begins the next call.
        name = _text(piece, "id")
        known = next((index for index, call in self._calls.items() if name and call.id == name), None)
        if known is not None:
            return known
        return len(self._calls) if name or not self._calls else max(self._calls) if place == 0 else place


def _tool_call(call: _Call, index: int) -> ToolCall:
    if not call.name:
        msg = "the answer calls a tool without a name"
        raise AnswerError(msg)
    # A server that names no call still has to be told whose result is whose.
    identity = call.id or f"call_{index}"
    return ToolCall(id=identity, name=call.name, arguments=read_arguments(call.arguments), text=call.arguments)


def _usage(usage: Mapping[str, Any]) -> Usage:
    details = usage.get("prompt_tokens_details")
    cached = _count(details, "cached_tokens") if isinstance(details, Mapping) else 0
    return Usage(
        input_tokens=_count(usage, "prompt_tokens"),
        output_tokens=_count(usage, "completion_tokens"),
        cached_tokens=cached,
    )


def _count(numbers: Mapping[str, Any], name: str) -> int:
    value = numbers.get(name)
    return value if isinstance(value, int) and value > 0 else 0


def _content(content: Any) -> str:
    if content is None or isinstance(content, str):
        return content or ""
    if isinstance(content, list):
        return "".join(_text(part, "text") for part in content if isinstance(part, Mapping))
    msg = f"the answer's content is a {type(content).__name__}"
    raise AnswerError(msg)


def _dumped(arguments: Any) -> str:
    return "" if arguments is None else json.dumps(arguments, ensure_ascii=False)


def _text(values: Mapping[str, Any], name: str) -> str:
    value = values.get(name)
    return value if isinstance(value, str) else ""


def _sequence(values: Mapping[str, Any], name: str) -> list[Any]:
    value = values.get(name)
    if value is None:
        return []
    if not isinstance(value, list):
        msg = f"the answer's {name} are a {type(value).__name__}"
        raise AnswerError(msg)
    return value


def _mapping(value: Any, name: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        msg = f"the answer's {name} is a {type(value).__name__}"
        raise AnswerError(msg)
    return value
