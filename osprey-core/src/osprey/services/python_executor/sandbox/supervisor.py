"""Watching over one run: its frames, its output, its time, and what ended it."""

from __future__ import annotations

import os
from typing import IO, Any, Protocol

import anyio
from attrs import define, field, frozen

from osprey.errors import OspreyError, SandboxError
from osprey.services.python_executor.models import RunLimits, RunStatus
from osprey.services.python_executor.sandbox.frames import FrameError, FrameStream
from osprey.services.python_executor.sandbox.process import GuestProcess

_LAST_MOMENTS_S = 2.0
"""How long a guest that has handed everything over may take to end."""


class EndRunError(Exception):
    """The broker's decision that a run must not go on."""

    def __init__(self, status: RunStatus, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


class Answering(Protocol):
    """The broker as the supervisor sees it."""

    @property
    def is_finished(self) -> bool:
        """True once the guest has handed over what it had."""
        ...

    async def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """Answer one request.

        :raises EndRunError: the run must end now.
        """
        ...


@frozen(kw_only=True)
class Ending:
    """How the process ended, before anybody asks what it handed over."""

    stop: RunStatus | None
    """Why the parent ended it; None if it ended by itself."""
    message: str
    exit_code: int
    cpu_s: float
    out_of_memory: bool
    hit_process_limit: bool
    stdout: bytes
    stderr: bytes


@define
class _Watch:
    """The state of one supervision."""

    guest: GuestProcess
    broker: Answering
    limits: RunLimits
    scope: anyio.CancelScope = field(factory=anyio.CancelScope)
    stop: RunStatus | None = None
    message: str = ""
    failure: OspreyError | None = None
    """What went wrong on the trusted side; raised once everything has ended."""
    output: dict[str, bytearray] = field(factory=lambda: {"stdout": bytearray(), "stderr": bytearray()})

    def end(self, status: RunStatus, message: str) -> None:
        """End the run; the first reason stands."""
        if self.stop is None:
            self.stop, self.message = status, message
        self.scope.cancel()

    async def collect(self, name: str, pipe: IO[bytes]) -> None:
        os.set_blocking(pipe.fileno(), False)
        taken = self.output[name]
        while True:
            try:
                part = os.read(pipe.fileno(), 1 << 16)
            except BlockingIOError:
                await anyio.wait_readable(pipe.fileno())
                continue
            if not part:
                return
            room = self.limits.output_bytes - sum(len(kept) for kept in self.output.values())
            taken += part[:room]
            if len(part) > room:
                limit = self.limits.output_bytes >> 10
                self.end(
                    RunStatus.OUTPUT_LIMIT,
                    f"the code printed more than {limit} KiB: print less, or raise execution.output_limit_kb",
                )
                return

    async def serve(self) -> None:
        frames = FrameStream(self.guest.sock, self.limits.broker_bytes, self.limits.answer_bytes)
        is_confined = False
        try:
            while (request := await frames.receive()) is not None:
                if not is_confined:
                    await self.guest.confine()
                    is_confined = True
                await frames.send(await self.broker.answer(request))
                if self.broker.is_finished:
                    self.scope.deadline = anyio.current_time() + _LAST_MOMENTS_S
                    return
        except FrameError as exc:
            self.end(RunStatus.BROKER_LIMIT, f"the run's requests to the broker were ended: {exc}")
        except EndRunError as exc:
            self.end(exc.status, exc.message)
        except OspreyError as exc:
            self.failure = exc
            self.scope.cancel()
        except ConnectionError:
            return  # the guest is gone; its exit status says why

    async def run(self) -> None:
        process = self.guest.process
        if process.stdout is None or process.stderr is None:
            msg = "the sandbox was started without pipes"
            raise SandboxError(msg)
        self.scope.deadline = anyio.current_time() + self.limits.timeout_s
        with self.scope:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self.collect, "stdout", process.stdout)
                tasks.start_soon(self.collect, "stderr", process.stderr)
                tasks.start_soon(self.serve)
        if self.failure is not None:
            raise self.failure
        if self.scope.cancelled_caught and self.stop is None and not self.broker.is_finished:
            self.stop = RunStatus.TIMEOUT
            self.message = f"the code did not end within {self.limits.timeout_s:g} s"


async def supervise(guest: GuestProcess, broker: Answering, limits: RunLimits) -> Ending:
    """Let the guest run to its end, or end it. Whatever happens here, nothing of it is left alive."""
    watch = _Watch(guest, broker, limits)
    try:
        await watch.run()
        out_of_memory, hit_limit = guest.group.was_out_of_memory(), guest.group.hit_process_limit()
    finally:
        await guest.end()
    return Ending(
        stop=watch.stop,
        message=watch.message,
        exit_code=guest.exit_code or 0,
        cpu_s=guest.cpu_s,
        out_of_memory=out_of_memory,
        hit_process_limit=hit_limit,
        stdout=bytes(watch.output["stdout"]),
        stderr=bytes(watch.output["stderr"]),
    )
