"""Subscriptions with a callback: a call that starts one has no block for it to live in.

A thread of each subscription drives it on the caller's own event loop, through anyio's own door for threads, so that
it is cancelled with the loop and works on asyncio and trio alike.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import CancelledError
from inspect import isawaitable
from typing import Any

import anyio
import anyio.from_thread
import anyio.lowlevel

from osprey.control import Connector, ReadResult

Deliver = Callable[[ReadResult], Any]


class Subscription:
    """One channel, from the call that starts it to the one that ends it."""

    def __init__(self, connector: Connector, channel: str, deliver: Deliver) -> None:
        self._connector = connector
        self._channel = channel
        self._deliver = deliver
        self._scope = anyio.CancelScope()
        self._has_ended = anyio.Event()
        self.failure: BaseException | None = None
        """What a callback, or the connector, has raised; the subscription has ended then."""

    def start(self) -> None:
        """Begin; the first value comes by itself."""
        token = anyio.lowlevel.current_token()
        threading.Thread(target=self._drive, args=(token,), name=f"updates of {self._channel}", daemon=True).start()

    async def stop(self) -> None:
        """End it, and wait until no callback runs any more."""
        self._scope.cancel()
        await self._has_ended.wait()

    def _drive(self, token: Any) -> None:
        try:
            anyio.from_thread.run(self._run, token=token)
        except (CancelledError, RuntimeError, anyio.RunFinishedError):
            # The loop has ended, and the subscription with it.
            return

    async def _run(self) -> None:
        try:
            with self._scope:
                async with self._connector.subscribe([self._channel]) as updates:
                    async for results in updates:
                        for result in results:
                            answer = self._deliver(result)
                            if isawaitable(answer):
                                await answer
        except Exception as exc:  # noqa: BLE001 - an isolation border: a callback's failure ends its subscription alone
            self.failure = exc
        finally:
            self._has_ended.set()
