"""The anchor of the audit: an append-only file of row counts and seals, beside the database.

Who cuts rows off the end of the table leaves a chain that still fits; the anchor remembers that there was
more. A line is ``<seq> <seal>``; the first line says at which row the file was begun, sealed with the key.
A line is written and synced just after the commits that it covers. A crash in between loses no row: the next
opening appends the line.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from attrs import field, frozen
from sqlalchemy import Connection

from osprey.errors import StorageError
from osprey.journal.audit.seal import create_once
from osprey.storage.faults import folder_error
from osprey.storage.locks import descriptor_lock

ANCHOR_FILE: Final = "audit.anchor"

_LINE: Final = re.compile(r"(begun )?(\d+) ([0-9a-f]{64})")
_TAIL: Final = 1024
"""Bytes; more than ten lines."""
_WAIT_S: Final = 10.0
_TORN: Final = re.compile(r"\d+( [0-9a-f]{0,63})?")


@frozen(kw_only=True)
class AnchorContent:
    """What the anchor file says."""

    begun: int | None
    """The row count when the file was made; None if the first line is not genuine."""
    seals: Mapping[int, str] = field(factory=dict[int, str])
    conflicts: tuple[int, ...] = ()
    """Rows for which two lines disagree: history was rewritten between them."""
    disordered: tuple[int, ...] = ()
    """Numbers of lines whose row comes before that of an earlier line."""
    damaged: tuple[int, ...] = ()
    """Numbers of lines that nothing of ours wrote."""
    torn: tuple[int, ...] = ()
    """Numbers of lines that a crash cut short; harmless, the next line says more."""

    @property
    def count(self) -> int:
        """How many rows the file vouches for."""
        return max(self.seals, default=0)


class Anchor:
    """The anchor file of one project."""

    def __init__(self, state_dir: Path, key: bytes) -> None:
        self.path = state_dir / ANCHOR_FILE
        self._key = key
        self._written: tuple[int, str] | None = None

    def prepare(self, rows: int) -> None:
        """Make the file if it is missing; its first line keeps how many rows there were then."""
        if self.path.exists():
            return
        line = f"begun {rows} {self._seal_of_beginning(rows)}\n"
        try:
            create_once(self.path, line.encode())
        except OSError as exc:
            raise folder_error(exc, self.path) from exc

    def _seal_of_beginning(self, rows: int) -> str:
        return hmac.new(self._key, f"anchor begun {rows}".encode(), hashlib.sha256).hexdigest()

    def bring_up(self, connection: Connection) -> None:
        """Append the newest row's seal unless the last line says it.

        To a table that lacks the row of the last line nothing is appended: that line is what shows that the table is
        an earlier copy of itself.
        """
        if _newest_row(connection) in (None, self._written):
            return
        with self._opened() as descriptor:
            # Lines of several processes stand in the order of their rows.
            with descriptor_lock(descriptor, timeout_s=_WAIT_S):
                line = _last_line(descriptor)
                row = _newest_row(connection)
                if row is not None and row != line and not _lacks(connection, line):
                    _append(descriptor, f"{row[0]} {row[1]}\n".encode())
            # Without the lock: a process that is stopped while the disk works must not keep the others from theirs. A
            # line that another process has written is synced too, for that one may die before it does.
            os.fsync(descriptor)
            self._written = row

    @contextmanager
    def _opened(self) -> Generator[int]:
        try:
            # Not made anew: that it vanished must be seen.
            descriptor = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CLOEXEC)
            try:
                yield descriptor
            finally:
                os.close(descriptor)
        except FileNotFoundError as exc:
            msg = (
                f"the audit's anchor {self.path} has vanished: put it back from a backup; "
                "if it is lost, start Osprey again and run `osprey audit verify`"
            )
            raise StorageError(msg) from exc
        except TimeoutError as exc:
            msg = (
                f"the audit's anchor {self.path}: {exc}: see who with `fuser {self.path}`; "
                "if it was stopped, let it go on (`kill -CONT PID`) or end it, then try again"
            )
            raise StorageError(msg) from exc
        except OSError as exc:
            raise folder_error(exc, self.path) from exc

    def newest(self) -> tuple[int, str] | None:
        """Give the last whole line: a row and its seal, row 0 if only the beginning is there; None without any."""
        try:
            descriptor = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        except OSError as exc:
            raise folder_error(exc, self.path) from exc
        try:
            return _last_line(descriptor)
        finally:
            os.close(descriptor)

    def begun(self) -> int | None:
        """Give how many rows there were when the file was made; None if its first line is not genuine."""
        try:
            with self.path.open("rb") as file:
                line = file.readline(_TAIL).decode(errors="replace")
        except FileNotFoundError:
            return None
        except OSError as exc:
            raise folder_error(exc, self.path) from exc
        return self._parse([line.rstrip("\n")]).begun

    def read(self) -> AnchorContent:
        """Read what the file says; a missing file says nothing."""
        try:
            text = self.path.read_bytes().decode("utf-8", errors="replace")
        except FileNotFoundError:
            return AnchorContent(begun=None)
        except OSError as exc:
            raise folder_error(exc, self.path) from exc
        return self._parse(text.split("\n"))

    def _parse(self, lines: list[str]) -> AnchorContent:
        begun: int | None = None
        seals: dict[int, str] = {}
        conflicts: list[int] = []
        damaged: list[int] = []
        torn: list[int] = []
        disordered: list[int] = []
        highest = 0
        for number, line in enumerate(lines, start=1):
            match = _LINE.fullmatch(line)
            if match is None:
                if line:
                    (torn if _TORN.fullmatch(line) else damaged).append(number)
            elif match[1]:
                if number == 1 and hmac.compare_digest(match[3], self._seal_of_beginning(int(match[2]))):
                    begun = int(match[2])
                else:
                    damaged.append(number)
            else:
                seq = int(match[2])
                if seals.setdefault(seq, match[3]) != match[3]:
                    conflicts.append(seq)
                if seq < highest:
                    disordered.append(number)
                highest = max(highest, seq)
        return AnchorContent(
            begun=begun,
            seals=seals,
            conflicts=tuple(conflicts),
            disordered=tuple(disordered),
            damaged=tuple(damaged),
            torn=tuple(torn),
        )


def _newest_row(connection: Connection) -> tuple[int, str] | None:
    row = connection.exec_driver_sql("SELECT seq, mac FROM audit ORDER BY seq DESC LIMIT 1").first()
    return None if row is None else (row[0], row[1])


def _lacks(connection: Connection, line: tuple[int, str] | None) -> bool:
    if line is None or line[0] == 0:
        return False
    found = connection.exec_driver_sql("SELECT mac FROM audit WHERE seq = ?", (line[0],)).scalar()
    return bool(found != line[1])


def _last_line(descriptor: int) -> tuple[int, str] | None:
    size = os.fstat(descriptor).st_size
    tail = os.pread(descriptor, _TAIL, max(0, size - _TAIL)).decode(errors="replace")
    # Before the first line break of the tail there may be a part of a line, and so there may after the last.
    whole = tail.split("\n")[1 if size > _TAIL else 0 : -1]
    for line in reversed(whole):
        match = _LINE.fullmatch(line)
        if match is not None:
            return (0, "") if match[1] else (int(match[2]), match[3])
    return None


def _append(descriptor: int, line: bytes) -> None:
    size = os.fstat(descriptor).st_size
    is_torn = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
    os.write(descriptor, b"\n" + line if is_torn else line)
