"""The one way out: length-prefixed JSON frames over an inherited socket."""

from __future__ import annotations

import _thread
import json
import os
import struct
from typing import Any

_HEADER = struct.Struct(">I")


class ChannelError(LookupError):
    """A channel could not be read, described or written; the message says why and what is close to it."""


class ControlError(RuntimeError):
    """The broker does not do this in the mode of this run."""


_KINDS: dict[str, type[Exception]] = {
    "channel": ChannelError,
    "value": ValueError,
    "timeout": TimeoutError,
    "control": ControlError,
}


class Link:
    """Calls to the broker, one at a time, from the one process that runs the program."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._lock = _thread.allocate_lock()
        self._pid = os.getpid()

    @property
    def is_owner(self) -> bool:
        """False in a forked child, whose frames would mix with the run's own."""
        return os.getpid() == self._pid

    def adopt(self) -> None:
        """Make this process the one that speaks for the run."""
        self._pid = os.getpid()

    def call(self, op: str, **fields: Any) -> Any:
        """Ask the broker and give its answer, or raise what it refused with."""
        if not self.is_owner:
            msg = "only the main process of a run reaches the control system; do it before or after the pool"
            raise ControlError(msg)
        # Half a surrogate pair, as in the name of a strange file, has no encoding: it becomes a question mark.
        text = json.dumps({"op": op, **fields}, allow_nan=False, ensure_ascii=False).encode(errors="replace")
        with self._lock:
            self._send(_HEADER.pack(len(text)) + text)
            reply = json.loads(self._receive(_HEADER.unpack(self._receive(_HEADER.size))[0]))
        if "error" in reply:
            raise _KINDS.get(reply["error"]["kind"], ControlError)(reply["error"]["message"])
        return reply["ok"]

    def _send(self, data: bytes) -> None:
        view = memoryview(data)
        try:
            while view:
                view = view[os.write(self._fd, view) :]
        except OSError:
            _leave()

    def _receive(self, size: int) -> bytes:
        parts = bytearray()
        while len(parts) < size:
            try:
                part = os.read(self._fd, min(size - len(parts), 1 << 20))
            except OSError:
                part = b""
            if not part:
                _leave()
            parts += part
        return bytes(parts)


def _leave() -> None:
    """End at once: a closed socket means that the parent has ended the run."""
    os._exit(70)
