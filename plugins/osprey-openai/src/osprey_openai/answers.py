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
    _calls: list[_Call] = field(factory=list[_Call], init=False)
    _open: dict[int | None, _Call] = field(factory=dict[int | None, _Call], init=False)
    """The call that pieces with an index go on with."""
    _has_ended: bool = field(default=False, init=False)

    def take(self, event: ServerEvent) -> Iterator[str]:
        """Add an event of a stream, and give the text in it.

        :raises AnswerError: it is none of the dialect.
        """
        if event.data.strip() == _DONE:
            self._has_ended = True
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
            yield from self._take_message(_mapping(delta, "delta"), is_whole=False)

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
        for _ in self._take_message(_mapping(choice.get("message"), "message"), is_whole=True):
            pass
        # Servers leave it out; a whole body is complete without it.
        self.finish = _text(choice, "finish_reason") or "stop"

    def has_ended(self) -> bool:
        """Tell whether a stream has said that nothing follows."""
        return self._has_ended

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
        calls = tuple(_tool_call(call, place) for place, call in enumerate(self._calls))
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

    def _take_message(self, message: Mapping[str, Any], *, is_whole: bool) -> Iterator[str]:
        refusal = _text(message, "refusal")
        self.refusal += refusal
        text = _content(message.get("content")) + refusal
        if text:
            self._pieces.append(text)
            yield text
        for call in _sequence(message, "tool_calls"):
            self._take_call(_mapping(call, "tool call"), is_whole=is_whole)

    def _take_call(self, piece: Mapping[str, Any], *, is_whole: bool) -> None:
        function = _mapping(piece.get("function") or {}, "function")
        call = self._begun(piece, function, is_whole=is_whole)
        call.id = _text(piece, "id") or call.id
        call.name = _text(function, "name") or call.name
        arguments = function.get("arguments")
        # Servers give them as an object, against the dialect.
        call.arguments += arguments if isinstance(arguments, str) else _dumped(arguments)

    def _begun(self, piece: Mapping[str, Any], function: Mapping[str, Any], *, is_whole: bool) -> _Call:
        """Find the call that a piece belongs to; it may begin one. Servers leave out indices, and give one to all."""
        stated = piece.get("index")
        index = stated if isinstance(stated, int) else None
        call = self._open.get(index)
        identity, name = _text(piece, "id"), _text(function, "name")
        is_another = call is not None and (
            bool(identity and call.id and identity != call.id)
            or bool(index is None and not identity and name and call.name)
        )
        if call is None or is_another or is_whole:
            call = _Call()
            self._calls.append(call)
            self._open[index] = call
        return call


def _tool_call(call: _Call, place: int) -> ToolCall:
    if not call.name:
        msg = "the answer calls a tool without a name"
        raise AnswerError(msg)
    # A server that names no call still has to be told whose result is whose.
    identity = call.id or f"call_{place}"
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
