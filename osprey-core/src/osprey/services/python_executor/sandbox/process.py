"""One run's process: asked of a zygote, given its limits, listened to, and surely dead at the end."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
from attrs import define

from osprey.errors import SandboxError
from osprey.services.python_executor.models import RunLimits
from osprey.services.python_executor.sandbox.cgroups import ControlGroup, create_control_group
from osprey.services.python_executor.sandbox.zygote import Zygote, ZygoteGoneError, receive_from

_DEATH_TIMEOUT_S = 10.0
_KILLED = 128 + signal.SIGKILL


@define
class GuestProcess:
    """The process that runs generated code, and its keeper: forked by a zygote, known here by descriptors."""

    sock: socket.socket
    outputs: tuple[int, int]
    """The reading ends of its standard output and its errors."""
    monitor: socket.socket
    group: ControlGroup
    ends_gently: bool
    """The keeper is asked to end the run; else it is killed, and its namespace with it."""
    own_zygote: Zygote | None = None
    """A zygote of this run alone, which ends with it."""
    keeper_fd: int | None = None
    keeper_pid: int = 0
    run_pid: int = 0
    problem: str = ""
    is_silent: bool = False
    """Nothing more will be heard of the keeper."""
    report: dict[str, Any] | None = None
    """How it ended, as its keeper says."""
    is_over_disk: bool = False

    @property
    def exit_code(self) -> int:
        """The exit code, 128 + n for a death by signal n."""
        return _KILLED if self.report is None else int(self.report["code"])

    @property
    def cpu_s(self) -> float:
        """CPU time of the run's main process and what it waited for."""
        return 0.0 if self.report is None else float(self.report["cpu_s"])

    async def started(self) -> None:
        """Wait until it has been forked.

        :raises ZygoteGoneError: nobody took the request.
        :raises SandboxError: the keeper could not do what it has to.
        """
        while not (self.run_pid or self.is_silent):
            self._take(*await receive_from(self.monitor))
        if self.run_pid:
            return
        if self.keeper_fd is None and not self.problem:
            raise ZygoteGoneError
        raise SandboxError(self.problem or "the run's keeper ended before the run started")

    async def confine(self) -> None:
        """Put the guest into its control groups, for which the kernel may take its time."""
        await anyio.to_thread.run_sync(self.group.add, self.run_pid)

    def is_gone(self) -> bool:
        """Say whether the run has ended, be it that nobody has taken note of it yet."""
        try:
            state = Path(f"/proc/{self.run_pid}/stat").read_text(encoding="ascii", errors="replace")
        except OSError:
            return True
        return state.rpartition(")")[2].split()[0] in ("Z", "X")

    async def ended(self) -> None:
        """Wait for the keeper's report."""
        while not self.is_silent:
            self._take(*await receive_from(self.monitor))

    def _take(self, text: bytes, pid: int) -> None:
        if text == b"keeper" and self.keeper_fd is None:
            self.keeper_pid, self.keeper_fd = pid, os.pidfd_open(pid)
        elif text == b"run" and not self.run_pid:
            self.run_pid = pid
        elif text and (self.keeper_fd is None or pid == self.keeper_pid):
            told: dict[str, Any] = json.loads(text)
            self.is_silent = True
            self.problem = told.get("problem", "")
            if not self.problem:
                self.report, self.is_over_disk = told, bool(told.get("disk"))
        else:
            self.is_silent = True

    async def end(self) -> None:
        """Kill everything that still runs, wait until it is gone, and give back what was taken.

        The kernel tells of the death of a process namespace's first process only after all others in it
        are gone; without namespaces the keeper ends only after all others have.
        """
        with anyio.CancelScope(shield=True):
            self.sock.close()
            try:
                await self._kill()
            finally:
                self.monitor.close()
                for fd in (*self.outputs, self.keeper_fd):
                    if fd is not None:
                        os.close(fd)
                if self.own_zygote is not None:
                    self.own_zygote.close()
                if not await self.group.remove():
                    msg = f"processes of a run could not be ended: {self.group.processes()}"
                    raise SandboxError(msg)

    async def _kill(self) -> None:
        if self.keeper_fd is None:
            with contextlib.suppress(ZygoteGoneError, SandboxError), anyio.move_on_after(_DEATH_TIMEOUT_S):
                await self.started()
        if self.keeper_fd is None:
            return
        number = signal.SIGTERM if self.ends_gently else signal.SIGKILL
        with contextlib.suppress(ProcessLookupError):
            if self.report is None:
                signal.pidfd_send_signal(self.keeper_fd, number)
        with anyio.fail_after(_DEATH_TIMEOUT_S):
            await anyio.wait_readable(self.keeper_fd)
        if self.ends_gently and self.report is None:
            # The keeper was killed itself; what it would have ended is one process group.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.run_pid, signal.SIGKILL)
        self.group.kill()


def ask_for_run(zygote: Zygote, request: dict[str, Any], limits: RunLimits) -> GuestProcess:
    """Make sockets, pipes and groups of one run and have it forked, or leave nothing at all.

    :raises ZygoteGoneError: the zygote has ended.
    """
    with contextlib.ExitStack() as undo, contextlib.ExitStack() as theirs:
        ours, broker = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        monitor, keeper = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        out, err = os.pipe(), os.pipe()
        for sock in (ours, monitor):
            sock.setblocking(False)
            undo.callback(sock.close)
        for mine, other in (out, err):
            undo.callback(os.close, mine)
            theirs.callback(os.close, other)
        theirs.callback(broker.close)
        theirs.callback(keeper.close)
        monitor.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        group = create_control_group(memory_bytes=limits.memory_bytes, processes=limits.processes)
        undo.callback(lambda: [folder.rmdir() for folder in group.folders])
        zygote.ask(request, (broker.fileno(), out[1], err[1], keeper.fileno()))
        undo.pop_all()
        return GuestProcess(
            sock=ours, outputs=(out[0], err[0]), monitor=monitor, group=group, ends_gently=bool(request["ends_gently"])
        )
