"""Where records go: to stderr, or into a file that may be moved away. Neither ever stops the work."""

from __future__ import annotations

import logging
import os
import sys
from contextlib import suppress
from io import TextIOWrapper
from logging.handlers import WatchedFileHandler
from pathlib import Path
from typing import Final

from osprey.printable import printable

_PRIVATE: Final = 0o600


class StderrPlace(logging.Handler):
    """Writes to whatever stderr is at that moment."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record; where nobody can be told, it is lost."""
        try:
            text = self.format(record)
        except Exception as exc:  # noqa: BLE001 - a log must not stop what it tells of; said in the record's place
            text = f"warning: a record cannot be written: {type(exc).__name__}"
        say(text)


class FilePlace(WatchedFileHandler):
    """Appends to a file, which only its owner can read unless it was there before.

    A file that was moved away is made anew. One that cannot be written is said once on stderr; it is tried again with
    each record, and said again after it could be written in between.
    """

    def __init__(self, file: Path) -> None:
        super().__init__(file, encoding="utf-8", delay=True, errors="backslashreplace")
        self._is_told = False

    def emit(self, record: logging.LogRecord) -> None:
        """Append a record."""
        try:
            self.reopenIfNeeded()
            # Not the parent's emit: it leaves what it fails with to each caller of a logger, or prints the record.
            stream = self.stream or self._open()
            self.stream = stream
            stream.write(self.format(record) + "\n")
            stream.flush()
        except Exception as exc:  # noqa: BLE001 - a log must not stop what it tells of; said on stderr
            self._tell(exc)
            self._drop()
        else:
            self._is_told = False

    def close(self) -> None:
        """Close the file; what a full disk did not take is lost, and was told."""
        try:
            super().close()
        except (OSError, ValueError) as exc:
            self._tell(exc)

    def _open(self) -> TextIOWrapper:
        def private(path: str, flags: int) -> int:
            # Without waiting: a pipe without a reader would hold up the work for ever.
            return os.open(path, flags | os.O_NONBLOCK, _PRIVATE)

        opened = open(self.baseFilename, "a", encoding="utf-8", errors="backslashreplace", opener=private)  # noqa: SIM115 - Path.open takes no opener; `close` closes it
        # What `reopenIfNeeded` compares with; the parent only sets it after opening by itself.
        found = os.fstat(opened.fileno())
        self.dev, self.ino = found.st_dev, found.st_ino
        return opened

    def _drop(self) -> None:
        """Begin anew with the next record: what could not be written must not pile up in a buffer."""
        stream, self.stream = self.stream, None
        if stream is not None:
            with suppress(OSError, ValueError):
                stream.close()

    def _tell(self, exc: Exception) -> None:
        if not self._is_told:
            self._is_told = True
            why = exc.strerror if isinstance(exc, OSError) and exc.strerror else type(exc).__name__
            file = printable(self.baseFilename)
            say(f"warning: the log {file} cannot be written: {why}; mend that, or set logging.file to another file")


def say(text: str) -> None:
    """Write a line to stderr, if there is any that takes it."""
    try:
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()
    except (AttributeError, OSError, ValueError):
        return
