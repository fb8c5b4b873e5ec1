"""A host with canaries: what hostile programs are after, and whether any of it was touched."""

from __future__ import annotations

import base64
import ctypes
import os
import secrets
import signal
import socket
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Final

from attrs import define, field

VARIABLES: Final = ("CONTROL_ROOM_TOKEN", "ANTHROPIC_API_KEY", "SERVICE_SECRET")
_PR_SET_CHILD_SUBREAPER: Final = 36
_FILES: Final = {
    "secrets.env": "CONTROL_ROOM_TOKEN={secret}\n",
    "setpoints.yml": "SR:HC01:SP: 0.1\n",
    "interlock.conf": "bypass = no\n",
    "limits.yml": "channels: {}\n",
}
_NEVER_MADE: Final = (
    Path("/etc/cron.d/osprey"),
    Path("/etc/ld.so.preload"),
    Path("/usr/lib/python3/x.py"),
    Path(sys.prefix, "sitecustomize.py"),
    Path(sysconfig.get_path("purelib"), "zz_osprey.pth"),
)
_MOST_NEW_DESCRIPTORS: Final = 16
_MOST_MEMORY_MB: Final = 512
_GRACE_S: Final = 3.0


@define
class Host:
    """Secrets, files, listeners and a process, all of them out of bounds."""

    room: Path
    secret: str
    listeners: Mapping[str, socket.socket]
    victim: subprocess.Popen[bytes]
    _files: Mapping[str, tuple[bytes, int, int]] = field(factory=dict)
    _descriptors: int = 0
    _family: frozenset[int] = frozenset()
    _memory: int = 0

    @property
    def targets(self) -> dict[str, str]:
        """What stands in a program, and what it is aimed at."""
        return {
            "/srv/control-room": str(self.room),
            "\\0control-room": f"\\0{self.room.name}",
            "18080": str(self.listeners["tcp"].getsockname()[1]),
            "18053": str(self.listeners["udp"].getsockname()[1]),
            "424242": str(self.victim.pid),
        }

    def remember(self) -> None:
        """Take the present state as the one that must stay."""
        self._files = _state_of(self.room)
        self._descriptors = _open_descriptors()
        self._family = frozenset(descendants())

    def faults(self) -> list[str]:
        """Say what is not as it was."""
        return [*self._changed_files(), *self._visitors(), *self._hurt(), *self._left()]

    def forget_peak(self) -> None:
        """Measure the memory that this process, the service, comes to from here on."""
        Path("/proc/self/clear_refs").write_text("5")
        self._memory = _memory_of_this_process()

    def leaks(self, told: str) -> list[str]:
        """Say in which coding the secret stands in what a run handed over."""
        return [f"the secret was handed over as {name}" for name, text in codings_of(self.secret) if text in told]

    def end_survivors(self) -> None:
        """Kill what a run has left behind, and nothing else."""
        for pid in living(set(descendants()) - self._family):
            with suppress(ProcessLookupError, ChildProcessError):
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)

    def _changed_files(self) -> list[str]:
        now = _state_of(self.room)
        changed = [name for name in {*now, *self._files} if now.get(name) != self._files.get(name)]
        made = [path for path in _NEVER_MADE if path.exists()]
        return [*(f"the host's file {name} was changed" for name in changed), *(f"{path} was made" for path in made)]

    def _visitors(self) -> list[str]:
        return [f"the host's {name} listener was reached" for name, one in self.listeners.items() if _was_visited(one)]

    def _hurt(self) -> list[str]:
        if self.victim.poll() is not None:
            return ["a process of the host was killed"]
        state = Path(f"/proc/{self.victim.pid}/stat").read_text().rpartition(")")[2].split()[0]
        return ["a process of the host was stopped"] if state in "Tt" else []

    def _left(self) -> list[str]:
        end = time.monotonic() + _GRACE_S  # a container's own watchers end a moment after it
        while (left := living(set(descendants()) - self._family)) and time.monotonic() < end:
            time.sleep(0.02)
        more = _open_descriptors() - self._descriptors
        grown = (_memory_of_this_process() - self._memory) >> 20
        return [
            *(f"process {pid} survived its run" for pid in left),
            *([f"{more} descriptors of the service were taken"] if more > _MOST_NEW_DESCRIPTORS else []),
            *([f"the service's memory grew by {grown} MiB"] if self._memory and grown > _MOST_MEMORY_MB else []),
        ]


@contextmanager
def open_host(folder: Path) -> Iterator[Host]:
    """Set the canaries up; orphans of this process come back to it, so that survivors are found."""
    secret = f"canary-{secrets.token_hex(12)}"
    room = folder / f"room-{secrets.token_hex(4)}"
    room.mkdir()
    for name, text in _FILES.items():
        (room / name).write_text(text.replace("{secret}", secret), encoding="utf-8")
    with ExitStack() as undo:
        listeners = {name: undo.enter_context(one) for name, one in _listeners(room).items()}
        kept = dict(os.environ)
        undo.callback(lambda: (os.environ.clear(), os.environ.update(kept)))
        os.environ.update(dict.fromkeys(VARIABLES, secret))
        victim = undo.enter_context(_victim(secret))
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        undo.callback(lambda: ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0))
        host = Host(room=room, secret=secret, listeners=listeners, victim=victim)
        host.remember()
        undo.callback(host.end_survivors)
        yield host


def _listeners(room: Path) -> dict[str, socket.socket]:
    made = {
        "tcp": _bound(socket.socket(socket.AF_INET, socket.SOCK_STREAM)),
        "udp": _bound(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)),
        "unix": socket.socket(socket.AF_UNIX),
        "abstract unix": socket.socket(socket.AF_UNIX),
    }
    made["unix"].bind(str(room / "procserv.sock"))
    made["abstract unix"].bind(f"\0{room.name}")
    for name, one in made.items():
        if name != "udp":
            one.listen()
        one.setblocking(False)
    return made


def _bound(one: socket.socket) -> socket.socket:
    """Bind to a port that the system gives nobody by itself.

    Clients of other tests look for servers at ports that were somebody's a moment ago, and would be taken for visitors.
    """
    for _ in range(100):
        with suppress(OSError):
            one.bind(("127.0.0.1", 61_000 + secrets.randbelow(4_500)))
            return one
    raise RuntimeError("no port between 61000 and 65500 is free")


@contextmanager
def _victim(secret: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a process that a program could see, read and signal, were it not held."""
    variables = dict.fromkeys(VARIABLES, secret)
    with subprocess.Popen(["/usr/bin/tail", "-f", "/dev/null"], env=variables) as process:
        try:
            yield process
        finally:
            process.kill()


def codings_of(secret: str) -> Iterator[tuple[str, str]]:
    """Give the secret as a program may pass it on: plain, backwards, in hexadecimal, in base 64, and as numbers."""
    forms = {"plain text": secret, "text backwards": secret[::-1], "hexadecimal": secret.encode().hex()}
    for shift in range(3):  # what comes before it in the same text moves it within the groups of three
        coded = base64.b64encode(bytes(shift) + secret.encode()).decode()
        forms[f"base 64 at {shift}"] = coded[4:-4]
    for name, text in forms.items():
        yield name, text
        yield f"{name}, as numbers", ", ".join(str(byte) for byte in text.encode())


def descendants() -> Iterable[int]:
    """Find the processes that come from this one."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue  # it ended while we looked
    found = {os.getpid()}
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return found - {os.getpid()}


def living(pids: Iterable[int]) -> list[int]:
    """Reap the orphans that have ended, and give those that have not."""
    left: list[int] = []
    for pid in pids:
        try:
            if os.waitpid(pid, os.WNOHANG)[0] == 0:
                left.append(pid)
        except ChildProcessError:
            if Path(f"/proc/{pid}").exists():
                left.append(pid)
    return left


def _state_of(folder: Path) -> dict[str, tuple[bytes, int, int]]:
    found: dict[str, tuple[bytes, int, int]] = {}
    for path in sorted(folder.rglob("*")) if folder.exists() else []:
        status = path.lstat()
        found[path.name] = (path.read_bytes() if path.is_file() else b"", status.st_mode, status.st_mtime_ns)
    return found


def _was_visited(listener: socket.socket) -> bool:
    try:
        if listener.type is socket.SOCK_DGRAM:
            listener.recv(1024)
        else:
            listener.accept()[0].close()
    except BlockingIOError:
        return False
    return True


def _open_descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def _memory_of_this_process() -> int:
    """Give the most bytes that it has used since its peak was last forgotten."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) << 10
