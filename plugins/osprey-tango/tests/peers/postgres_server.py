"""A PostgreSQL of a test's own: a cluster in a temporary folder, on a free port of the loopback.

Nothing of it is left on PATH by Debian, so the programs are looked for; as root, they run as `nobody`, for the server
refuses root.
"""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import psycopg


class PostgresServer:
    """A server that listens on the loopback, with a superuser `admin` and no password."""

    def __init__(self) -> None:
        self._bin = _find_programs()
        self._folder = Path(tempfile.mkdtemp(prefix="osprey-pg-"))
        self.port = 0
        self._process: subprocess.Popen[bytes] | None = None

    def url(self, database: str = "postgres", user: str = "admin") -> str:
        return f"postgresql://{user}@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        if os.geteuid() == 0:
            shutil.chown(self._folder, "nobody")
        data = self._folder / "data"
        options = ["-U", "admin", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"]
        self._run([str(self._bin / "initdb"), "-D", str(data), *options])
        self.launch()

    def launch(self) -> None:
        """Serve, on the same port as before if there was one."""
        self.port = self.port or _free_port()
        command = [str(self._bin / "postgres"), "-D", str(self._folder / "data"), "-p", str(self.port), "-F"]
        options = ["-c", "listen_addresses=127.0.0.1", "-c", f"unix_socket_directories={self._folder}"]
        self._process = subprocess.Popen(
            [*command, *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **_as_nobody()
        )
        deadline = time.monotonic() + 60
        while True:
            try:
                psycopg.connect(self.url()).close()
            except psycopg.OperationalError:
                assert self._process.poll() is None, "the server ended"
                assert time.monotonic() < deadline, "the server does not come up"
                time.sleep(0.02)
            else:
                return

    def kill(self) -> None:
        """End it at once, with all of its connections; what was committed stays."""
        assert self._process is not None
        self._process.send_signal(3)  # SIGQUIT: immediate shutdown
        self._process.wait()

    def stop(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self.kill()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _run(self, command: list[str]) -> None:
        done = subprocess.run(command, capture_output=True, text=True, check=False, **_as_nobody())
        assert done.returncode == 0, done.stderr


def _find_programs() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    on_path = shutil.which("initdb")
    if not found and on_path is None:
        msg = "no PostgreSQL server is installed: apt install postgresql, or run .ci/system-packages"
        raise FileNotFoundError(msg)
    return found[-1].parent if found else Path(str(on_path)).resolve().parent


def _as_nobody() -> dict[str, object]:
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": [], "cwd": "/"}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
