"""Frames between a service and its clients: a length of four bytes, then that many bytes of JSON."""

from __future__ import annotations

import json
from typing import Any, Final, cast

import anyio
from anyio.abc import ByteStream
from anyio.streams.buffered import BufferedByteReceiveStream

from osprey.errors import OspreyError

MOST_BYTES: Final = 16 * 1024 * 1024
"""Of one frame: some 50,000 writes. A longer one is refused before anything of it is read."""
_LENGTH_BYTES: Final = 4


class FrameError(OspreyError):
    """The other side sent something that is not a frame; the connection is closed."""


class Frames:
    """Frames over one stream."""

    def __init__(self, stream: ByteStream, *, most_received: int = MOST_BYTES) -> None:
        """Speak over `stream`.

        :param most_received: bytes of the longest frame that is taken, for a service whose questions are short.
        """
        self._stream = stream
        self._most_received = most_received
        self._buffered = BufferedByteReceiveStream(stream)

    async def send(self, message: dict[str, Any]) -> None:
        """Send one frame.

        :raises FrameError: it would be too long; nothing was sent.
        """
        body = json.dumps(message, allow_nan=False, separators=(",", ":")).encode()
        if len(body) > MOST_BYTES:
            msg = f"a frame of {len(body)} bytes: at most {MOST_BYTES} are allowed, split the batch"
            raise FrameError(msg)
        await self._stream.send(len(body).to_bytes(_LENGTH_BYTES, "big") + body)

    async def receive(self) -> dict[str, Any]:
        """Receive one frame.

        :raises FrameError: it is too long, or not a JSON object.
        :raises anyio.EndOfStream: the other side has closed; `anyio.IncompleteRead`: within a frame.
        """
        first = await self._buffered.receive(1)
        length = int.from_bytes(first + await self._buffered.receive_exactly(_LENGTH_BYTES - 1), "big")
        if length > self._most_received:
            msg = f"a frame of {length} bytes: at most {self._most_received} are allowed"
            raise FrameError(msg)
        try:
            message: Any = json.loads(await self._buffered.receive_exactly(length))
        except (ValueError, RecursionError) as exc:
            msg = f"a frame is not JSON: {exc}"
            raise FrameError(msg) from exc
        if not isinstance(message, dict):
            msg = "a frame is not a JSON object"
            raise FrameError(msg)
        return cast("dict[str, Any]", message)


CLOSED: Final = (anyio.EndOfStream, anyio.IncompleteRead, anyio.BrokenResourceError, anyio.ClosedResourceError)
"""What a connection that has ended raises."""
