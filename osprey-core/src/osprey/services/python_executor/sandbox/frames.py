"""Frames on the broker's socket, as the trusted side reads and writes them."""

from __future__ import annotations

import json
import math
import re
import socket
import struct
from typing import Any, NoReturn, cast

import anyio
from attrs import define, field

_HEADER = struct.Struct(">I")
LARGEST_FRAME = 8 << 20
_HALF_A_PAIR = re.compile(rb"\\u[dD][89a-fA-F]")
"""How a text that has no encoding would come; whole pairs come like this too."""


class FrameError(Exception):
    """The other side broke the protocol, or asked for more than a run may."""


@define
class FrameStream:
    """One run's socket. Nothing from it is believed before `osprey...broker` has checked its form."""

    sock: socket.socket
    most_bytes: int
    most_answer_bytes: int = 32 << 20
    _received: int = 0
    _answered: int = 0
    _buffer: bytearray = field(factory=bytearray)

    async def receive(self) -> dict[str, Any] | None:
        """Give the next frame; None at the end of the stream.

        :raises FrameError: too large, over the run's budget, or not a JSON object with finite numbers.
        """
        header = await self._take(_HEADER.size)
        if header is None:
            return None
        size = _HEADER.unpack(header)[0]
        if size > LARGEST_FRAME:
            msg = f"a request of {size} bytes; at most {LARGEST_FRAME} are taken"
            raise FrameError(msg)
        text = await self._take(size)
        return None if text is None else _parse(text)

    async def send(self, answer: dict[str, Any]) -> None:
        """Send an answer. NaN may be in it: a device may well have read that.

        :raises FrameError: over the run's budget of answers, which the trusted side keeps for the record.
        """
        text = json.dumps(answer, separators=(",", ":")).encode()
        self._answered += len(text)
        if self._answered > self.most_answer_bytes:
            msg = f"more than {self.most_answer_bytes >> 20} MiB of answers: read less often, or fewer channels"
            raise FrameError(msg)
        view = memoryview(_HEADER.pack(len(text)) + text)
        while view:
            try:
                view = view[self.sock.send(view) :]
            except BlockingIOError:
                await anyio.wait_writable(self.sock)

    async def _take(self, size: int) -> bytes | None:
        while len(self._buffer) < size:
            try:
                part = self.sock.recv(1 << 16)
            except BlockingIOError:
                await anyio.wait_readable(self.sock)
                continue
            except ConnectionError:
                return None
            if not part:
                return None
            self._received += len(part)
            if self._received > self.most_bytes:
                msg = f"more than {self.most_bytes} bytes of requests"
                raise FrameError(msg)
            self._buffer += part
        taken = bytes(self._buffer[:size])
        del self._buffer[:size]
        return taken


def _parse(text: bytes) -> dict[str, Any]:
    try:
        frame: object = json.loads(text, parse_constant=_refuse_constant, parse_float=_finite)
        if _HALF_A_PAIR.search(text):
            json.dumps(frame, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as exc:
        msg = "a request that is not strict JSON"
        raise FrameError(msg) from exc
    if not isinstance(frame, dict):
        msg = "a request that is not a JSON object"
        raise FrameError(msg)
    return cast("dict[str, Any]", frame)


def _finite(text: str) -> float:
    """Read a number; one that is too large to be one would become infinite."""
    number = float(text)
    if not math.isfinite(number):
        _refuse_constant(text)
    return number


def _refuse_constant(name: str) -> NoReturn:
    msg = f"{name} is not JSON"
    raise ValueError(msg)
