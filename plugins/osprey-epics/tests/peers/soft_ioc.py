"""Starts, kills and restarts the soft IOC of `ioc.py`; for the tests of every distribution.

A conftest puts this folder on `sys.path`, imports `SoftIoc` and makes its own fixture of it.
"""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

_SCRIPT = Path(__file__).with_name("ioc.py")
_numbers = itertools.count()


class SoftIoc:
    """One IOC process and the file in which it counts its puts."""

    def __init__(
        self,
        folder: Path,
        *,
        prefix: str = "",
        slow_s: float = 4.0,
        many: int = 10,
        quick: int = 0,
        calcs: int = 0,
        has_pva: bool = False,
    ) -> None:
        self.prefix = prefix or f"T{os.getpid()}N{next(_numbers)}"
        self.port = 0
        self.pva_port = 0
        """The UDP port of searches of PV Access."""
        self._has_pva = has_pva
        self.puts_file = folder / f"{self.prefix}.puts"
        self._log = folder / f"{self.prefix}.log"
        self._options = ["--slow", str(slow_s), "--many", str(many), "--quick", str(quick), "--calcs", str(calcs)]
        self._options += ["--until-stdin-closes"]
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The process of the IOC."""
        if self._process is None:
            msg = "the IOC does not run"
            raise RuntimeError(msg)
        return self._process.pid

    def name(self, record: str) -> str:
        """Give the full name of a record."""
        return f"{self.prefix}:{record}"

    def start(self) -> None:
        """Start it, on the same port as before if there was one; returns when it serves."""
        command = [
            sys.executable, str(_SCRIPT), "--port", str(self.port), "--prefix", self.prefix,
            "--puts", str(self.puts_file), *self._options, *self._pva_options(),
        ]  # fmt: skip
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log)
        stdout = self._process.stdout
        words = stdout.readline().split() if stdout else []
        while stdout and words and words[0] != b"READY":
            words = stdout.readline().split()
        if not words:
            self.stop()
            msg = f"the soft IOC did not start:\n{self._log.read_text()}"
            raise RuntimeError(msg)
        self.port = int(words[1])
        if self._has_pva:
            self.pva_port = int(words[2])

    def _pva_options(self) -> list[str]:
        return ["--pva", str(self.pva_port)] if self._has_pva else []

    def send(self, number: signal.Signals) -> None:
        """Send it a signal; SIGSTOP has taken effect in every thread when this returns."""
        os.kill(self.pid, number)
        while number is signal.SIGSTOP and not self._is_stopped():
            time.sleep(0.001)

    def _is_stopped(self) -> bool:
        tasks = Path(f"/proc/{self.pid}/task").iterdir()
        return all((task / "stat").read_text().rpartition(")")[2].split()[0] == "T" for task in tasks)

    def stop(self) -> None:
        """Kill it, as a power cut would."""
        if self._process is None:
            return
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        self._process = None

    def puts(self, record: str | None = None) -> list[tuple[str, str]]:
        """Give the puts that reached it, as record and value, oldest first."""
        if not self.puts_file.exists():
            return []
        lines = (line.split("\t") for line in self.puts_file.read_text().splitlines())
        wanted = None if record is None else self.name(record)
        return [(name, value) for name, value, _ in lines if wanted in (None, name)]
