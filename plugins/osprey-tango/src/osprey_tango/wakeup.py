"""Waking an event loop from a thread that must not wait for it.

`anyio.from_thread` waits until the loop has run the function; a thread of the Tango library calls back while
it holds locks of its own. anyio's token carries the loop's own way to be called soon, which returns at once.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

from anyio import Event
from anyio.lowlevel import current_token


class Wakeup:
    """An event that any thread may set; made on the loop that waits for it."""

    def __init__(self) -> None:
        self._event = Event()
        token: Any = current_token()
        native: Any = getattr(token, "native_token", token)  # anyio before 4.11 gave the loop itself
        self._call_soon: Callable[[Callable[[], None]], object] = (
            native.run_sync_soon if hasattr(native, "run_sync_soon") else native.call_soon_threadsafe
        )

    def set(self) -> None:
        """Wake the waiting task; nothing happens if its loop is gone."""
        with contextlib.suppress(RuntimeError):  # trio's RunFinishedError is one as well
            self._call_soon(self._event.set)

    async def wait(self) -> None:
        await self._event.wait()
