"""Starts a whole Tango system on the loopback: a database (SQLite, in memory) and device servers.

A conftest puts this folder on `sys.path`, imports `TangoPeer` and makes its own fixture of it.
"""

from __future__ import annotations

import os
import re
import selectors
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import tango

_SCRIPT = Path(__file__).with_name("devices.py")
_START_S = 90.0


class Server:
    """One device server process."""

    def __init__(self, command: list[str], environment: Mapping[str, str], log: Path) -> None:
        self._command = command
        self._environment = dict(environment)
        self._log = log
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; returns when it serves."""
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                self._command, env=self._environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log
            )
        await_line(self.process, rb"Ready to accept request", self._log)

    def kill(self) -> None:
        """Kill it where it stands."""
        if self.process is not None:
            self.process.kill()
            self.wait()

    def wait(self) -> int:
        """Wait until it has died by itself."""
        assert self.process is not None
        code = self.process.wait(timeout=60)
        close_pipes(self.process)
        return code


class TangoPeer:
    """A database, and servers that are registered in it."""

    def __init__(self, folder: Path, *, counts_puts: bool = True) -> None:
        self.folder = folder
        self.puts_file = folder / "puts.txt" if counts_puts else Path(os.devnull)
        self.puts_file.touch()
        self.servers: list[Server] = []
        self._environment = {
            **os.environ,
            "PYTANGO_DATABASE_NAME": ":memory:",
            "OSPREY_TANGO_PUTS": str(self.puts_file),
        }
        self.host = ""
        self._database: subprocess.Popen[bytes] | None = None

    @property
    def puts(self) -> list[str]:
        """Give what was written, in the order in which it came."""
        return self.puts_file.read_text(encoding="utf-8").splitlines()

    def puts_of(self, name: str) -> list[str]:
        """Give what was written to one attribute, or the arguments of one command."""
        return [line.partition(" ")[2] for line in self.puts if line.partition(" ")[0] == name]

    def start(self) -> None:
        """Start the database, on the port that it had before if there was one."""
        port = self.host.rpartition(":")[2] or "0"
        command = [sys.executable, str(_SCRIPT.with_name("until_stdin_closes.py")), "database"]
        command += ["--host", "127.0.0.1", "--port", port, "--print-host-port", "2"]
        # It says its port on stderr, and prints a line or two in its life: the pipe never fills.
        self._database = subprocess.Popen(
            command,
            env=self._environment,
            cwd=self.folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        port = await_line(self._database, rb"listening on: host=\S+, port=(\d+)", self.folder)
        self.host = f"127.0.0.1:{port}"
        self._environment["TANGO_HOST"] = self.host
        self._await_database()

    def _await_database(self) -> None:
        deadline = time.monotonic() + _START_S
        while True:
            try:
                self.database.get_info()
            except tango.DevFailed:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)  # a port has no event to wait for
            else:
                return

    @property
    def database(self) -> tango.Database:
        """Give a client of the database."""
        host, _, port = self.host.partition(":")
        return tango.Database(host, int(port))

    def serve(self, instance: str, devices: Mapping[str, Mapping[str, object]]) -> Server:
        """Register devices with their properties, and start their server."""
        database = self.database
        for name, properties in devices.items():
            entry = tango.DbDevInfo()
            entry.server, entry._class, entry.name = f"devices/{instance}", "Bench", name
            database.add_device(entry)
            database.put_device_property(name, {key: [str(value)] for key, value in properties.items()})
        command = [sys.executable, str(_SCRIPT), instance, "-ORBendPoint", "giop:tcp:127.0.0.1:"]
        return self._run(command, f"{instance}.log")

    @contextmanager
    def alone(self, device: str) -> Iterator[int]:
        """Serve a device without a database; gives the port."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = int(free.getsockname()[1])
        command = [sys.executable, str(_SCRIPT), "alone", "-nodb", "-host", "127.0.0.1", "-port", str(port)]
        server = self._run([*command, "-dlist", device], "alone.log")
        try:
            yield port
        finally:
            server.kill()

    def proxy(self, device: str) -> Any:
        """Give a client of a device that is not the connector."""
        return tango.DeviceProxy(f"tango://{self.host}/{device}")

    def _run(self, command: list[str], log: str) -> Server:
        server = Server(command, self._environment, self.folder / log)
        self.servers.append(server)
        server.start()
        return server

    def stop(self) -> None:
        """Kill everything that was started here."""
        for server in self.servers:
            server.kill()
        self.servers.clear()
        if self._database is not None:
            self._database.kill()
            self._database.wait()
            close_pipes(self._database)


def close_pipes(process: subprocess.Popen[bytes]) -> None:
    """Close the pipes to a process that has ended."""
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()


def await_line(process: subprocess.Popen[bytes], pattern: bytes, log: Path) -> str:
    """Wait for a line of a process; gives the number that the pattern found.

    :raises RuntimeError: it ended, or did not say it in time.
    """
    assert process.stdout is not None
    deadline, text = time.monotonic() + _START_S, b""
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while time.monotonic() < deadline and selector.select(deadline - time.monotonic()):
            chunk = os.read(process.stdout.fileno(), 65536)
            text += chunk
            found = re.search(pattern, text)
            if found:
                return next((group.decode() for group in found.groups() if group), "")
            if not chunk:
                break
    msg = f"{process.args!r} did not start:\n{text.decode()}\nsee {log}"
    raise RuntimeError(msg)
