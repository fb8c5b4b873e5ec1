"""Reading what a model's endpoint sends: bodies, events, and the arguments of tools; strictly.

What is cut off stays cut off. Half of a JSON text is never completed to one that would pass.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, AsyncIterable, Iterable
from contextlib import aclosing
from typing import Any, Final, NoReturn, cast

from attrs import frozen

LONGEST_ANSWER_BYTES: Final = 32 * 2**20
_GIVES_NO_VALUE: Final = (ValueError, RecursionError)


class AnswerError(ValueError):
    """What came back is no answer of the protocol; the message says in which way."""


@frozen
class ServerEvent:
    """One event of a stream of server-sent events."""

    name: str
    """Empty: it states none."""
    data: str


async def read_body(pieces: AsyncIterable[bytes]) -> dict[str, Any]:
    """Read an answer that is one JSON object.

    :raises AnswerError: it is something else, or longer than any answer.
    """
    body = bytearray()
    async for piece in pieces:
        body += piece
        _require_length(len(body))
    if not body.strip():
        msg = "the answer is empty"
        raise AnswerError(msg)
    return read_object(body)


def read_object(text: str | bytes | bytearray) -> dict[str, Any]:
    """Read a JSON object.

    :raises AnswerError: it is something else.
    """
    try:
        value: Any = json.loads(text)
    except _GIVES_NO_VALUE as exc:
        msg = "the answer is no JSON, or cut off"
        raise AnswerError(msg) from exc
    if not isinstance(value, dict):
        msg = f"the answer is a JSON {type(value).__name__}, not an object"
        raise AnswerError(msg)
    return cast("dict[str, Any]", value)


def read_arguments(text: str) -> dict[str, Any] | None:
    """Read the arguments of a tool as a model wrote them; None: they are no JSON object.

    No text at all is what models write for a tool without parameters. A key that stands twice, and a number that is
    none of JSON's, make the arguments unreadable: which of the two values is meant, nobody can say.
    """
    if not text.strip():
        return {}
    try:
        value: Any = json.loads(text, object_pairs_hook=_once_each, parse_constant=_refuse_constant)
    except _GIVES_NO_VALUE:
        return None
    return cast("dict[str, Any]", value) if isinstance(value, dict) else None


async def read_events(pieces: AsyncIterable[bytes]) -> AsyncGenerator[ServerEvent]:
    """Give the events of a stream, as the standard of server-sent events has them; comments are passed over.

    :raises AnswerError: the stream is not UTF-8, or longer than any answer.
    """
    name, data, length = "", list[str](), 0
    async with aclosing(_lines(pieces)) as lines:
        async for line in lines:
            length += len(line)
            _require_length(length)
            field, _, value = line.partition(":")
            value = value.removeprefix(" ")
            if not line:
                if data:
                    yield ServerEvent(name, "\n".join(data))
                name, data = "", []
            elif field == "data":
                data.append(value)
            elif field == "event":
                name = value
    # Servers leave out the empty line after the last event.
    if data:
        yield ServerEvent(name, "\n".join(data))


async def _lines(pieces: AsyncIterable[bytes]) -> AsyncGenerator[str]:
    waiting: list[bytes] = []
    length = 0
    async for piece in pieces:
        waiting.append(piece)
        length += len(piece)
        _require_length(length)
        if b"\n" not in piece and b"\r" not in piece:
            continue
        lines = b"".join(waiting).splitlines(keepends=True)
        # The second half of a "\r\n" may be in the next piece.
        last = lines.pop() if not lines[-1].endswith(b"\n") else b""
        waiting, length = [last], len(last)
        for line in lines:
            yield _text(line)
    for line in b"".join(waiting).splitlines():
        yield _text(line)


def _text(line: bytes) -> str:
    try:
        return line.decode().rstrip("\r\n").removeprefix("\ufeff")
    except UnicodeDecodeError as exc:
        msg = "the stream is not UTF-8"
        raise AnswerError(msg) from exc


def _require_length(length: int) -> None:
    if length > LONGEST_ANSWER_BYTES:
        msg = f"the answer is longer than {LONGEST_ANSWER_BYTES} bytes"
        raise AnswerError(msg)


def _once_each(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key, value in pairs:
        if key in result:
            msg = f"{key!r} stands twice"
            raise AnswerError(msg)
        result[key] = value
    return result


def _refuse_constant(name: str) -> NoReturn:
    msg = f"{name} is no number of JSON"
    raise AnswerError(msg)
