"""Stopping a service by the signals that a terminal and a service manager send."""

from __future__ import annotations

import signal
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Protocol

import anyio


async def stop_on_signal(scope: anyio.CancelScope) -> None:
    """Cancel `scope` at Ctrl-C or SIGTERM, so that the service ends what it holds and the command ends well."""
    with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as received:
        async for _ in received:
            scope.cancel()
            return


class Drainable(Protocol):
    """What can be told to begin nothing new."""

    def drain(self) -> None: ...


@asynccontextmanager
async def draining(worker: Drainable) -> AsyncGenerator[None]:
    """At SIGTERM, have `worker` end what is under way and begin nothing new; the block then ends by itself."""
    failure: BaseException | None = None
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_drain_at_sigterm, worker)
        try:
            yield
        except anyio.get_cancelled_exc_class():
            raise
        except BaseException as exc:  # noqa: BLE001 - raised below as it is, not as part of a group
            failure = exc
        tasks.cancel_scope.cancel()
    if failure is not None:
        raise failure


async def _drain_at_sigterm(worker: Drainable) -> None:
    with anyio.open_signal_receiver(signal.SIGTERM) as received:
        async for _ in received:
            worker.drain()
