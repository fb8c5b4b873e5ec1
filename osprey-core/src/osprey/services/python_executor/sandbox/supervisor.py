"""Watching over one run: its frames, its output, its time, and what ended it."""

from __future__ import annotations

import os
from typing import Any, Protocol

import anyio
from attrs import define, field, frozen

from osprey.errors import OspreyError, SandboxError
from osprey.services.python_executor.models import RunLimits, RunStatus
from osprey.services.python_executor.sandbox.frames import FrameError, FrameStream
from osprey.services.python_executor.sandbox.protocol import Guest

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
    def is_ready(self) -> bool:
        """True once the guest may start its program."""
        ...

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

    guest: Guest
    broker: Answering
    limits: RunLimits
    scope: anyio.CancelScope = field(factory=anyio.CancelScope)
    confined: anyio.Event = field(factory=anyio.Event)
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

    async def collect(self, name: str, pipe: int) -> None:
        os.set_blocking(pipe, False)
        taken = self.output[name]
        while True:
            try:
                part = os.read(pipe, 1 << 16)
            except BlockingIOError:
                await anyio.wait_readable(pipe)
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

    async def confine(self) -> None:
        try:
            await self.guest.confine()
        except (OSError, OspreyError) as exc:
            if not self.guest.is_gone():  # else its exit status says why
                told = exc if isinstance(exc, OspreyError) else SandboxError(f"a run could not be limited: {exc}")
                self.failure = told
                self.scope.cancel()
                return
        self.confined.set()

    async def serve(self) -> None:
        frames = FrameStream(self.guest.sock, self.limits.broker_bytes, self.limits.answer_bytes)
        try:
            while (request := await frames.receive()) is not None:
                answer = await self.broker.answer(request)
                if self.broker.is_ready:
                    # The program starts with this answer, or has started.
                    await self.confined.wait()
                await frames.send(answer)
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
        out, err = self.guest.outputs
        self.scope.deadline = anyio.current_time() + self.limits.timeout_s
        with self.scope:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self.collect, "stdout", out)
                tasks.start_soon(self.collect, "stderr", err)
                tasks.start_soon(self.confine)
                tasks.start_soon(self.serve)
                tasks.start_soon(self.guest.ended)
        if self.failure is not None:
            raise self.failure
        if self.scope.cancelled_caught and self.stop is None and not self.broker.is_finished:
            self.stop = RunStatus.TIMEOUT
            self.message = f"the code did not end within {self.limits.timeout_s:g} s"


async def supervise(guest: Guest, broker: Answering, limits: RunLimits) -> Ending:
    """Let the guest run to its end, or end it. Whatever happens here, nothing of it is left alive."""
    watch = _Watch(guest, broker, limits)
    try:
        await watch.run()
        out_of_memory, hit_limit = guest.group.was_out_of_memory(), guest.group.hit_process_limit()
    finally:
        await guest.end()
    if guest.is_over_disk:
        limit = limits.disk_bytes >> 20
        watch.end(RunStatus.DISK_LIMIT, f"the code wrote more than {limit} MiB into its folder and was ended")
    return Ending(
        stop=watch.stop,
        message=watch.message,
        exit_code=guest.exit_code,
        cpu_s=guest.cpu_s,
        out_of_memory=out_of_memory,
        hit_process_limit=hit_limit,
        stdout=bytes(watch.output["stdout"]),
        stderr=bytes(watch.output["stderr"]),
    )
