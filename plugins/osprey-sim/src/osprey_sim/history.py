"""The history of the ring's setpoints and faults: an append-only file of JSON lines.

It is all the state that the ring has. Several processes append to it at once (`osprey ask`, a soft IOC, the
fault switches); each line is one change that happened as a whole, synced before it is reported. Rows stand
in the order of their times. A line without its newline belongs to a writer that died: it never happened, and
the next writer cuts it off.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import threading
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from io import FileIO
from pathlib import Path
from typing import Any, Final, cast

from attrs import frozen

from osprey.api import ConnectorError
from osprey_sim.settings import DEFAULT_SEED

FORMAT: Final = 1
_RETRY_S: Final = 0.002
_STAMP_BYTES: Final = 128


@frozen(kw_only=True)
class Change:
    """One row: setpoints that changed together, or a fault that was switched."""

    t_ns: int
    setpoints: Mapping[str, float]
    fault: str = ""
    device: str = ""
    is_on: bool = False


class History:
    """The rows of one file, and the way to add to them; safe between threads and processes."""

    def __init__(self, path: Path, *, seed: int | None = None, clock: Callable[[], int] = time.time_ns) -> None:
        self.path = path
        self.changes: list[Change] = []
        self.generation = 0
        """Counts how often the rows were read anew because the file was replaced."""
        self._asked_seed = seed
        self._file_seed: int | None = None
        self._clock = clock
        self._lock = threading.RLock()
        self._seen: tuple[int, int, int] = (0, 0, 0)
        self._consumed = 0
        self._stamp = b""

    @property
    def seed(self) -> int:
        """Which ring the history is of: the one that was asked for, else the file's, else 1."""
        if self._asked_seed is not None:
            return self._asked_seed
        return DEFAULT_SEED if self._file_seed is None else self._file_seed

    @property
    def last_ns(self) -> int:
        """The time of the newest row; 0 without one."""
        return self.changes[-1].t_ns if self.changes else 0

    def now_ns(self) -> int:
        """Give the time, never before the newest row: what was written can be read at once."""
        return max(self._clock(), self.last_ns)

    def refresh(self, *, timeout_s: float = 5.0) -> None:
        """Take in the rows that other processes have added.

        :raises ConnectorError: the file cannot be read, or it belongs to a ring of another seed.
        :raises TimeoutError: a writer held the file for longer than `timeout_s`.
        """
        with self._lock:
            try:
                found = self.path.stat()
            except FileNotFoundError:
                self._forget()
                return
            except OSError as exc:
                raise self._unusable(exc) from exc
            if (found.st_ino, found.st_size, found.st_mtime_ns) == self._seen:
                return
            with self._locked(fcntl.LOCK_SH, timeout_s) as file:
                self._take_in(file)

    def append(
        self,
        setpoints: Mapping[str, float] | None = None,
        *,
        fault: str = "",
        device: str = "",
        is_on: bool = False,
        timeout_s: float = 5.0,
    ) -> Change:
        """Add one row and sync it; the first row of a file is preceded by its header.

        :raises TimeoutError: the lock was not free in time; nothing was written.
        :raises ConnectorError: the file cannot be used; nothing was written.
        :raises OSError: the row was sent to the file and may or may not be in it.
        """
        with self._lock, self._locked(fcntl.LOCK_EX, timeout_s) as file:
            self._take_in(file)
            self._cut_torn_line(file)
            change = Change(
                t_ns=max(self._clock(), self.last_ns + 1),
                setpoints=dict(setpoints or {}),
                fault=fault,
                device=device,
                is_on=is_on,
            )
            self._write(file, _row(change))
            self._take_in(file)
            return change

    def begin(self) -> None:
        """Write the header, so that others see which ring it is before anything was changed."""
        with self._lock, self._locked(fcntl.LOCK_EX, 5.0) as file:
            self._take_in(file)
            self._cut_torn_line(file)
            self._write(file, "")

    def reset(self) -> Path:
        """Forget all changes: the ring is again as its seed made it. Gives the copy of the old file.

        A history that cannot be read, or is of another seed, can be left behind by this.
        """
        kept = self.path.with_name(self.path.name + ".old")
        with self._lock, self._locked(fcntl.LOCK_EX, 5.0) as file:
            shutil.copyfile(self.path, kept)
            os.ftruncate(file.fileno(), 0)
            self._forget()
            self._write(file, "")
            self._take_in(file)
        return kept

    def _write(self, file: FileIO, row: str) -> None:
        header = "" if self._stamp else json.dumps({"ring": FORMAT, "seed": self.seed, "t_ns": self._clock()})
        lines = "".join(f"{line}\n" for line in (header, row) if line)
        data = lines.encode()
        # A short count (a full disk) leaves a line without its newline: it never happened.
        if data and file.write(data) != len(data):
            msg = f"{self.path} could not take a whole row: is the disk full?"
            raise ConnectorError(msg)
        os.fsync(file.fileno())
        self._sync_folder(header)

    def _sync_folder(self, header: str) -> None:
        """Make the name of a new file durable as well."""
        if header:
            folder = os.open(self.path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)

    def _take_in(self, file: FileIO) -> None:
        descriptor = file.fileno()
        found = os.fstat(descriptor)
        stamp = os.pread(descriptor, _STAMP_BYTES, 0).partition(b"\n")[0]
        if found.st_size < self._consumed or (self._stamp and stamp != self._stamp):
            self._forget()
        fresh = os.pread(descriptor, max(0, found.st_size - self._consumed), self._consumed)
        whole, newline, _ = fresh.rpartition(b"\n")
        if newline:
            for line in whole.split(b"\n"):
                self._add(line)
            self._stamp = self._stamp or stamp
            self._consumed += len(whole) + 1
        self._seen = (found.st_ino, found.st_size, found.st_mtime_ns)

    def _add(self, line: bytes) -> None:
        try:
            row = cast("dict[str, Any]", json.loads(line))
            if "ring" in row:
                self._check_header(row)
                return
            change = Change(
                t_ns=max(int(row["t_ns"]), self.last_ns),
                setpoints={str(name): float(value) for name, value in row.get("set", {}).items()},
                fault=str(row.get("fault", "")),
                device=str(row.get("device", "")),
                is_on=bool(row.get("on", False)),
            )
        except (ValueError, KeyError, TypeError, AttributeError) as exc:
            msg = (
                f"{self.path}: line {len(self.changes) + 2} is not a row of a ring's history; "
                "move the file away, or start anew with `osprey sim state reset`"
            )
            raise ConnectorError(msg) from exc
        self.changes.append(change)

    def _check_header(self, row: dict[str, Any]) -> None:
        if row["ring"] != FORMAT:
            msg = f"{self.path} has format {row['ring']}; this osprey-sim reads {FORMAT}: update osprey-sim"
            raise ConnectorError(msg)
        self._file_seed = int(row["seed"])
        if self._asked_seed not in (None, self._file_seed):
            msg = (
                f"{self.path} is the history of the ring of seed {self._file_seed}, not {self._asked_seed}: "
                "leave the seed out, name another state file, or use `osprey sim state reset`"
            )
            raise ConnectorError(msg)

    def _cut_torn_line(self, file: FileIO) -> None:
        if os.fstat(file.fileno()).st_size > self._consumed:
            os.ftruncate(file.fileno(), self._consumed)

    def _forget(self) -> None:
        if self._consumed:
            self.generation += 1
        self.changes = []
        self._file_seed, self._stamp, self._consumed, self._seen = None, b"", 0, (0, 0, 0)

    def _unusable(self, exc: OSError) -> ConnectorError:
        reason = exc.strerror or str(exc)
        return ConnectorError(f"the state of the simulated ring, {self.path}, cannot be used: {reason}")

    @contextmanager
    def _locked(self, mode: int, timeout_s: float) -> Generator[FileIO]:
        """Hold the file's lock; it goes with the descriptor, also if this process is killed."""
        try:
            if mode == fcntl.LOCK_EX:
                self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            file = self.path.open("rb" if mode == fcntl.LOCK_SH else "a+b", buffering=0)
        except OSError as exc:
            raise self._unusable(exc) from exc
        with file:
            _lock_until(file, mode, time.monotonic() + timeout_s, self.path)
            yield file


def _lock_until(file: FileIO, mode: int, deadline: float, path: Path) -> None:
    """Take the lock, or give up at `deadline`."""
    while True:
        try:
            fcntl.flock(file, mode | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                msg = f"{path} is locked by another process"
                raise TimeoutError(msg) from None
            time.sleep(_RETRY_S)
        else:
            return


def _row(change: Change) -> str:
    row: dict[str, Any] = {"t_ns": change.t_ns}
    if change.setpoints:
        row["set"] = dict(change.setpoints)
    if change.fault:
        row |= {"fault": change.fault, "device": change.device, "on": change.is_on}
    return json.dumps(row, separators=(",", ":"), allow_nan=False)
