"""What an answer says in Anthropic's dialect: whole, and piece by piece.

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

_FINISHES: Final[Mapping[str, Finish]] = {
    "end_turn": Finish.STOP,
    "stop_sequence": Finish.STOP,
    "tool_use": Finish.TOOL_CALLS,
    "max_tokens": Finish.LENGTH,
    "model_context_window_exceeded": Finish.LENGTH,
    "refusal": Finish.REFUSAL,
}


@define
class _Block:
    kind: str
    id: str = ""
    name: str = ""
    pieces: list[str] = field(factory=list[str])

    @property
    def content(self) -> str:
        return "".join(self.pieces)


@define
class GatheredAnswer:
    """An answer, as far as it has come."""

    form_tool: str = ""
    """The tool that stands for the form of the answer: what it is called with is text. Empty: there is none."""
    finish: str = ""
    model: str = ""
    _counts: dict[str, int] = field(factory=dict[str, int], init=False)
    _blocks: dict[int, _Block] = field(factory=dict[int, _Block], init=False)
    _is_complete: bool = field(default=False, init=False)

    def take_whole(self, answer: Mapping[str, Any]) -> None:
        """Add an answer that came in one piece.

        :raises AnswerError: it is none of the dialect.
        """
        require_no_complaint(answer)
        content = answer.get("content")
        if not isinstance(content, list):
            msg = "the answer has no content"
            raise AnswerError(msg)
        self._take_frame(answer)
        for index, block in enumerate(content):
            for _ in self._begin(index, _mapping(block, "block"), is_whole=True):
                pass
        self._take_stop(answer)
        self._is_complete = True

    def take(self, event: ServerEvent) -> Iterator[str]:
        """Add an event of a stream, and give the text in it. Events that nobody knows are passed over, as the dialect
        demands.

        :raises AnswerError: it is none of the dialect.
        """
        told = read_object(event.data)
        require_no_complaint(told)
        match told.get("type"):
            case "message_start":
                self._take_frame(_mapping(told.get("message"), "message"))
            case "content_block_start":
                yield from self._begin(_index(told), _mapping(told.get("content_block"), "block"), is_whole=False)
            case "content_block_delta":
                yield from self._go_on(_index(told), _mapping(told.get("delta"), "delta"))
            case "message_delta":
                self._take_stop(_mapping(told.get("delta"), "delta"))
                self._take_usage(told)
            case "message_stop":
                self._is_complete = True
            case _:
                pass

    def has_ended(self) -> bool:
        """Tell whether a stream has said that nothing follows."""
        return self._is_complete

    def reply(self) -> ChatReply:
        """Give the answer.

        :raises AnswerError: it was cut off, or ended for a reason that nobody knows.
        """
        if not self._is_complete or not self.finish:
            msg = "the stream ended before the answer did"
            raise AnswerError(msg)
        if self.finish not in _FINISHES:
            msg = f"the answer ended for an unknown reason, {self.finish[:40]!r}"
            raise AnswerError(msg)
        blocks = [self._blocks[index] for index in sorted(self._blocks)]
        calls = tuple(_tool_call(block) for block in blocks if block.kind == "tool_use")
        return ChatReply(
            text="".join(block.content for block in blocks if block.kind == "text"),
            tool_calls=calls,
            finish=self._finish(has_calls=bool(calls)),
            usage=self._usage(),
            model=self.model,
        )

    def _finish(self, *, has_calls: bool) -> Finish:
        finish = _FINISHES[self.finish]
        if finish in {Finish.STOP, Finish.TOOL_CALLS}:
            return Finish.TOOL_CALLS if has_calls else Finish.STOP
        return finish

    def _begin(self, index: int, block: Mapping[str, Any], *, is_whole: bool) -> Iterator[str]:
        kind = _text(block, "type")
        if kind == "text":
            self._blocks[index] = _Block(kind)
            yield from self._add(index, _text(block, "text"))
        elif kind == "tool_use":
            name = _text(block, "name")
            self._blocks[index] = _Block("text" if name and name == self.form_tool else kind, _text(block, "id"), name)
            # A stream begins with an empty object, and the arguments follow.
            if is_whole or block.get("input"):
                yield from self._add(index, json.dumps(block.get("input"), ensure_ascii=False))

    def _go_on(self, index: int, delta: Mapping[str, Any]) -> Iterator[str]:
        piece = _text(delta, "text") + _text(delta, "partial_json")
        if not piece:
            return
        if index not in self._blocks:
            msg = "the stream goes on with a block that it did not begin"
            raise AnswerError(msg)
        yield from self._add(index, piece)

    def _add(self, index: int, piece: str) -> Iterator[str]:
        block = self._blocks[index]
        block.pieces.append(piece)
        if block.kind == "text" and piece:
            yield piece

    def _take_frame(self, message: Mapping[str, Any]) -> None:
        self.model = _text(message, "model") or self.model
        self._take_usage(message)

    def _take_stop(self, delta: Mapping[str, Any]) -> None:
        self.finish = _text(delta, "stop_reason") or self.finish

    def _take_usage(self, holder: Mapping[str, Any]) -> None:
        usage = holder.get("usage")
        if isinstance(usage, Mapping):
            # Those at the end are of the whole answer, and leave out what has not changed.
            counts = {name: value for name, value in usage.items() if isinstance(value, int) and value >= 0}
            self._counts.update(counts)

    def _usage(self) -> Usage:
        cached = self._counts.get("cache_read_input_tokens", 0)
        written = self._counts.get("cache_creation_input_tokens", 0)
        return Usage(
            input_tokens=self._counts.get("input_tokens", 0) + cached + written,
            output_tokens=self._counts.get("output_tokens", 0),
            cached_tokens=cached,
        )


def _tool_call(block: _Block) -> ToolCall:
    if not block.name or not block.id:
        msg = "the answer calls a tool without a name or an id"
        raise AnswerError(msg)
    return ToolCall(id=block.id, name=block.name, arguments=read_arguments(block.content), text=block.content)


def _index(told: Mapping[str, Any]) -> int:
    index = told.get("index")
    if not isinstance(index, int):
        msg = "an event of the stream does not say which block it is of"
        raise AnswerError(msg)
    return index


def _text(values: Mapping[str, Any], name: str) -> str:
    value = values.get(name)
    return value if isinstance(value, str) else ""


def _mapping(value: Any, name: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        msg = f"the answer's {name} is a {type(value).__name__}"
        raise AnswerError(msg)
    return value
