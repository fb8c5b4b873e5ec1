"""Starts, kills and restarts the OPC UA server of `opcua_plant.py`; for the tests of every distribution."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

_SCRIPT = Path(__file__).with_name("opcua_plant.py")
URI = "http://osprey.test/magnets"


def free_port() -> int:
    """Give a port that nobody listens at."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class OpcUaServer:
    """One server process and the file in which it notes its puts."""

    def __init__(self, folder: Path, **options: Any) -> None:
        self.port = free_port()
        self.puts_file = folder / f"{self.port}.puts"
        self.options: dict[str, Any] = {"puts": str(self.puts_file), **options}
        self._log = folder / f"{self.port}.log"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"opc.tcp://127.0.0.1:{self.port}/osprey/"

    def name(self, identifier: str) -> str:
        """Give the canonical name of a node."""
        return f"nsu={URI};s={identifier}"

    def start(self) -> None:
        """Start it, on the same port as before; returns when it serves."""
        command = [sys.executable, str(_SCRIPT), "--port", str(self.port), "--options", json.dumps(self.options)]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log)
        line = self._process.stdout.readline() if self._process.stdout else b""
        if line.strip() != b"READY":
            self.stop()
            msg = f"the OPC UA server did not start:\n{self._log.read_text()}"
            raise RuntimeError(msg)

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        if self._process is not None:
            os.kill(self._process.pid, number)

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

    def puts(self, identifier: str) -> list[tuple[str, str]]:
        """Give the puts to a node: the value as Python writes it, and its type."""
        if not self.puts_file.exists():
            return []
        lines = [json.loads(line) for line in self.puts_file.read_text(encoding="utf-8").splitlines()]
        return [(value, kind) for name, value, kind in lines if name == identifier]
