"""One guest process: started, given its limits, listened to, and surely dead at the end."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import signal
import socket
import subprocess
from typing import Any

import anyio
from attrs import define, field

from osprey.errors import SandboxError
from osprey.services.python_executor.sandbox import bubblewrap
from osprey.services.python_executor.sandbox.bubblewrap import Wrap
from osprey.services.python_executor.sandbox.cgroups import ControlGroup, create_control_group

_DEATH_TIMEOUT_S = 10.0


@define
class GuestProcess:
    """bubblewrap, and the guest inside it."""

    process: subprocess.Popen[bytes]
    sock: socket.socket
    group: ControlGroup
    info_fd: int
    monitor_fd: int
    guest_fd: int | None = None
    usage: resource.struct_rusage | None = field(default=None)

    @property
    def exit_code(self) -> int | None:
        """The guest's exit code, 128 + n for a death by signal n, as bubblewrap hands it on."""
        code = self.process.returncode
        return code if code is None or code >= 0 else 128 - code

    @property
    def cpu_s(self) -> float:
        """CPU time of the guest's main process and what it waited for."""
        return 0.0 if self.usage is None else self.usage.ru_utime + self.usage.ru_stime

    async def confine(self) -> None:
        """Put the guest into its control groups; called while it waits for the answer to its first frame."""
        pid = await self._guest_pid()
        self.guest_fd = os.pidfd_open(pid)
        self.group.add(pid)

    async def _guest_pid(self) -> int:
        text = b""
        while b"}" not in text:
            await anyio.wait_readable(self.info_fd)
            part = os.read(self.info_fd, 4096)
            if not part:
                msg = "bubblewrap ended before the guest started"
                raise SandboxError(msg)
            text += part
        facts: dict[str, Any] = json.loads(text[: text.index(b"}") + 1])
        return int(facts["child-pid"])

    async def end(self) -> None:
        """Kill everything that still runs, wait until it is gone, and give back what was taken.

        The kernel tells of the death of a process namespace's first process only after all others in it
        are gone.
        """
        with anyio.CancelScope(shield=True):
            self.sock.close()
            try:
                await self._kill()
            finally:
                for fd in (self.info_fd, self.monitor_fd, self.guest_fd):
                    if fd is not None:
                        os.close(fd)
                for pipe in (self.process.stdout, self.process.stderr):
                    if pipe is not None:
                        pipe.close()
                if not await self.group.remove():
                    msg = f"processes of a run could not be ended: {self.group.processes()}"
                    raise SandboxError(msg)

    async def _kill(self) -> None:
        # The guest, where it is known: bubblewrap then ends by itself, having counted what the guest used.
        # Not by `Popen.kill`, which may reap the process itself and lose that.
        known = self.monitor_fd if self.guest_fd is None else self.guest_fd
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(known, signal.SIGKILL)
        await _wait_dead(known)
        await _wait_dead(self.monitor_fd)
        _, status, self.usage = os.wait4(self.process.pid, 0)
        self.process.returncode = os.waitstatus_to_exitcode(status)
        self.group.kill()


async def _wait_dead(pidfd: int) -> None:
    with anyio.fail_after(_DEATH_TIMEOUT_S):
        await anyio.wait_readable(pidfd)


def start_guest(
    wrap: Wrap, sockets: tuple[socket.socket, socket.socket], group: ControlGroup, info: int
) -> GuestProcess:
    """Start bubblewrap.

    On the event loop's own thread, although it takes a millisecond or two: bubblewrap asks to die with the
    thread that started it, and a worker thread of a pool ends when it has been idle for a while.
    """
    ours, theirs = sockets
    process = subprocess.Popen(
        bubblewrap.command_of(wrap),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        pass_fds=(theirs.fileno(), wrap.info_fd),
        start_new_session=True,
        env={},  # bubblewrap's own environment can be read in /proc while it sets up
    )
    return GuestProcess(process=process, sock=ours, group=group, info_fd=info, monitor_fd=os.pidfd_open(process.pid))


def open_guest(wrap_fields: dict[str, Any], *, memory_bytes: int, processes: int) -> GuestProcess:
    """Make socket, groups and process of one run, or nothing at all.

    :raises SandboxError: bubblewrap is missing or cannot be started.
    """
    bubblewrap.find_bubblewrap()
    with contextlib.ExitStack() as undo:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        undo.callback(ours.close)
        info_read, info_write = os.pipe()
        undo.callback(os.close, info_read)
        ours.setblocking(False)
        try:
            group = create_control_group(memory_bytes=memory_bytes, processes=processes)
            undo.callback(lambda: [folder.rmdir() for folder in group.folders])
            wrap = Wrap(socket_fd=theirs.fileno(), info_fd=info_write, **wrap_fields)
            guest = start_guest(wrap, (ours, theirs), group, info_read)
        except OSError as exc:
            msg = f"generated Python cannot run here: bubblewrap did not start: {exc}"
            raise SandboxError(msg) from exc
        finally:
            theirs.close()
            os.close(info_write)
        undo.pop_all()
        return guest
