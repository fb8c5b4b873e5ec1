"""Waking an event loop from any thread, at once and without waiting for it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

from anyio import Event
from anyio.lowlevel import current_token


class Wakeup:
    """An event that any thread may set; made on the loop that waits for it.

    `anyio.from_thread` would block the thread that sets it for as long as the other loop is busy.
    """

    def __init__(self) -> None:
        self._event = Event()
        token: Any = current_token()
        loop: Any = getattr(token, "native_token", token)
        soon = "run_sync_soon" if hasattr(loop, "run_sync_soon") else "call_soon_threadsafe"
        self._call_soon: Callable[[Callable[[], None]], object] = getattr(loop, soon)

    def set(self) -> None:
        """Wake whoever waits; a loop that has ended needs nothing any more."""
        with contextlib.suppress(RuntimeError):  # trio's RunFinishedError is one too
            self._call_soon(self._event.set)

    async def wait(self) -> None:
        await self._event.wait()
