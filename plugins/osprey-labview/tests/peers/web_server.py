"""Starts, kills and restarts the web service of `web_plant.py`; for the tests of every distribution."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from opcua_server import free_port

_SCRIPT = Path(__file__).with_name("web_plant.py")


class WebServer:
    """One server process and the file in which it notes its puts."""

    def __init__(self, folder: Path, *, certificate: Path | None = None, authorization: str = "") -> None:
        self.port = free_port()
        self.puts_file = folder / f"{self.port}.puts"
        self._scheme = "https" if certificate else "http"
        self._options = ["--authorization", authorization, "--puts", str(self.puts_file)]
        self._options += ["--certificate", str(certificate)] if certificate else []
        self._log = folder / f"{self.port}.log"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"{self._scheme}://127.0.0.1:{self.port}/osprey"

    def start(self) -> None:
        """Start it, on the same port as before; returns when it serves."""
        command = [sys.executable, str(_SCRIPT), "--port", str(self.port), *self._options]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log)
        line = self._process.stdout.readline() if self._process.stdout else b""
        if line.strip() != b"READY":
            self.stop()
            msg = f"the web service did not start:\n{self._log.read_text()}"
            raise RuntimeError(msg)

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

    def count_puts(self, channel: str) -> int:
        """Give how many puts to a channel have reached it."""
        if not self.puts_file.exists():
            return 0
        lines = self.puts_file.read_text(encoding="utf-8").splitlines()
        return sum(json.loads(line)[0] == channel for line in lines)
