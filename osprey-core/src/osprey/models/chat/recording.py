"""The file of `models.recording`: every attempt as a line of JSON, with the question and what came back.

It holds what was said, and neither keys nor headers. Several processes may write it at once.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import anyio.to_thread
from attrs import frozen

from osprey.errors import ModelErrorKind, StorageError
from osprey.models.chat._serialization import from_line, hash_of, to_line
from osprey.models.chat.messages import ChatReply, ChatRequest
from osprey.storage.locks import descriptor_lock

VERSION: Final = 1
_LOCK_S: Final = 10.0
"""The longest wait for another process that writes a line."""


@frozen(kw_only=True)
class RecordedError:
    """Why an attempt gave no answer."""

    kind: ModelErrorKind
    message: str
    retry_after_s: float | None = None


@frozen(kw_only=True)
class Recorded:
    """One attempt."""

    version: int
    hash: str
    """The name of the question; see `hash_of`."""
    role: str
    provider: str
    model: str
    begun_ns: int
    seconds: float
    request: ChatRequest
    """As it was asked, before a form was put into words for an endpoint that knows none."""
    deltas: tuple[str, ...] | None = None
    """The pieces of an answer that came as a stream; None: it came as a whole."""
    reply: ChatReply | None = None
    error: RecordedError | None = None


class Recorder:
    """Appends attempts to one file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    async def append(self, recorded: Recorded) -> None:
        """Append one attempt; other processes see its whole line or nothing of it.

        :raises StorageError: the file cannot be written; it holds what it held before.
        """
        line = f"{to_line(recorded)}\n".encode()
        await anyio.to_thread.run_sync(self._write, line)

    def _write(self, line: bytes) -> None:
        try:
            descriptor = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                with descriptor_lock(descriptor, timeout_s=_LOCK_S):
                    _append_whole(descriptor, line)
            finally:
                os.close(descriptor)
        except OSError as exc:
            msg = f"models.recording: {self.path} cannot be written ({exc.strerror or exc}): mend it, or remove the key"
            raise StorageError(msg) from exc


def _append_whole(descriptor: int, line: bytes) -> None:
    """Append a line, after what a killed process may have left half written; on a failure leave the file as it was."""
    size = os.fstat(descriptor).st_size
    if size and os.pread(descriptor, 1, size - 1) != b"\n":
        line = b"\n" + line
    rest = memoryview(line)
    try:
        while rest:
            rest = rest[os.write(descriptor, rest) :]
    except OSError:
        os.ftruncate(descriptor, size)
        raise


def read_recording(path: Path) -> Iterator[Recorded]:
    """Give every attempt of a file, in order.

    :raises ValueError: a line is no attempt; the message has its number.
    :raises OSError: it cannot be read.
    """
    with path.open(encoding="utf-8") as stream:
        for number, line in enumerate(stream, 1):
            if not line.strip():
                continue
            try:
                recorded = from_line(Recorded, line)
            except Exception as exc:
                msg = f"line {number} is no recorded attempt ({type(exc).__name__}): remove it"
                raise ValueError(msg) from exc
            if recorded.version != VERSION or recorded.hash != hash_of(recorded.request):
                msg = f"line {number} was changed, or written by another version of Osprey: record it again"
                raise ValueError(msg)
            yield recorded
