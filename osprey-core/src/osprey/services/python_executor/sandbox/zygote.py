"""A guest that stands ready: started once, asked for a process for each run, surely dead at the end."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import struct
import subprocess
import tempfile
import weakref
from typing import IO, Any, cast

import anyio
from attrs import field, frozen

from osprey.errors import SandboxError
from osprey.services.python_executor.sandbox.holding import Holding
from osprey.services.python_executor.schema import PROTOCOL

_START_TIMEOUT_S = 30.0
_DEATH_TIMEOUT_MS = 10_000
_LARGEST_ANSWER = 1 << 16
_CREDENTIALS = struct.Struct("3i")


class ZygoteGoneError(Exception):
    """It ended before it took the request; nothing of the run has started."""


@frozen(eq=False)
class Zygote:
    """The trusted end of one guest's control socket."""

    process: subprocess.Popen[bytes]
    control: socket.socket
    errors: IO[bytes]
    watched: list[int] = field(factory=list[int])
    """Descriptors of its processes, the outermost first."""

    def ask(self, request: dict[str, Any], descriptors: tuple[int, ...]) -> None:
        """Have a run forked.

        :raises ZygoteGoneError: it is not there any more.
        """
        try:
            socket.send_fds(self.control, [json.dumps(request).encode()], descriptors)
        except (ConnectionError, BlockingIOError, BrokenPipeError) as exc:
            raise ZygoteGoneError from exc

    def is_alive(self) -> bool:
        """Say whether it still listens: one that was idle for long has ended itself."""
        try:
            return bool(self.control.recv(1, socket.MSG_PEEK))
        except BlockingIOError:
            return True
        except OSError:
            return False

    def said(self) -> str:
        """Give the last thing that it wrote before anything ran in it: of a traceback, what was raised."""
        self.errors.seek(0)
        lines = self.errors.read(1 << 16).decode(errors="replace").splitlines()
        return next((line for line in reversed(lines) if line.strip() and not line.startswith(" ")), "")

    def close(self) -> None:
        """Kill it, and wait until the kernel says that it is gone."""
        _end(self.process, self.control, self.errors, self.watched)


def _end(process: subprocess.Popen[bytes], control: socket.socket, errors: IO[bytes], watched: list[int]) -> None:
    control.close()
    errors.close()
    # Inner ones first: the first process of a namespace takes everything in it along.
    for fd in reversed(watched):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            signal.pidfd_send_signal(fd, signal.SIGKILL)
        _wait_dead(fd)
        os.close(fd)
    watched.clear()
    if process.returncode is None:
        process.kill()
        process.wait()


def _wait_dead(fd: int) -> None:
    waiting = select.poll()
    waiting.register(fd, select.POLLIN)
    waiting.poll(_DEATH_TIMEOUT_MS)


async def open_zygote(
    holding: Holding,
    environment: dict[str, str],
    *,
    preload: tuple[str, ...],
    idle_s: float | None,
    nests: bool,
    disk_bytes: int,
) -> tuple[Zygote, dict[str, Any]]:
    """Start a guest and wait until it is ready; give it with what it said of itself.

    :raises SandboxError: it did not come up; the message says why.
    """
    zygote = _start(holding, environment, disk_bytes)
    try:
        setup = holding.setup(parent=os.getpid(), nests=nests) | {"preload": preload, "idle_s": idle_s}
        zygote.control.send(json.dumps(setup).encode())
        answer = await _wait_ready(zygote)
    except OSError as exc:
        told = zygote.said() or str(exc)
        zygote.close()
        raise SandboxError(told) from exc
    except BaseException:
        zygote.close()
        raise
    return zygote, answer


def _start(holding: Holding, environment: dict[str, str], disk_bytes: int) -> Zygote:
    """Start the process.

    On the event loop's own thread, although it takes a millisecond or two: it asks to die with the thread
    that started it, and a worker thread of a pool ends when it has been idle for a while.
    """
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    errors = cast("IO[bytes]", tempfile.TemporaryFile())  # noqa: SIM115 - open as long as the guest is
    try:
        ours.setblocking(False)
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        process = subprocess.Popen(
            holding.command(environment, theirs.fileno(), disk_bytes=disk_bytes),
            stdin=subprocess.DEVNULL,
            stdout=errors,
            stderr=errors,
            pass_fds=(theirs.fileno(),),
            start_new_session=True,
            # bubblewrap's own environment can be read in /proc while it sets up.
            env=environment if holding.kind != "bubblewrap" else {},
            cwd="/",
        )
    except BaseException as exc:
        ours.close()
        errors.close()
        if isinstance(exc, OSError):
            msg = f"the guest could not be started: {exc}"
            raise SandboxError(msg) from exc
        raise
    finally:
        theirs.close()
    zygote = Zygote(process, ours, errors, [os.pidfd_open(process.pid)])
    # Also where nobody closes it: at the end of the interpreter, or when its project is forgotten.
    weakref.finalize(zygote, _end, process, ours, errors, zygote.watched)
    return zygote


async def _wait_ready(zygote: Zygote) -> dict[str, Any]:
    with anyio.move_on_after(_START_TIMEOUT_S):
        while True:
            text, pid = await receive_from(zygote.control)
            if not text:
                msg = f"it ended before it was ready: {zygote.said() or 'without a word'}"
                raise SandboxError(msg)
            zygote.watched.append(os.pidfd_open(pid))
            if text != b"first":
                return _checked(json.loads(text))
    msg = f"it was not ready within {_START_TIMEOUT_S:g} s"
    raise SandboxError(msg)


def _checked(answer: dict[str, Any]) -> dict[str, Any]:
    if answer["protocol"] != PROTOCOL:
        msg = f"the guest speaks protocol {answer['protocol']}, not {PROTOCOL}: install osprey-core again"
        raise SandboxError(msg)
    return answer


async def receive_from(sock: socket.socket) -> tuple[bytes, int]:
    """Give the next message and the process that sent it, as the kernel numbers it here; empty at the end."""
    while True:
        try:
            text, ancillary, _, _ = sock.recvmsg(_LARGEST_ANSWER, socket.CMSG_SPACE(_CREDENTIALS.size))
        except BlockingIOError:
            await anyio.wait_readable(sock)
            continue
        except ConnectionError:
            return b"", 0
        for level, kind, data in ancillary:
            if level == socket.SOL_SOCKET and kind == socket.SCM_CREDENTIALS:
                return text, _CREDENTIALS.unpack(data[: _CREDENTIALS.size])[0]
        return text, 0
