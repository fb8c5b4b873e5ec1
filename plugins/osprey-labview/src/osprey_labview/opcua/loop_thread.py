"""An asyncio loop in a thread of its own, which any other loop can ask.

asyncua knows asyncio only, and its sessions must not die with the loop of whoever asked first.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import anyio
import anyio.to_thread

from osprey.api import ConnectorError
from osprey_labview.wakeup import Wakeup

_Result = TypeVar("_Result")

_CLOSED = "the connector is closed; open it again"


class LoopThread:
    """Runs coroutines for other threads, and cancels them with their callers."""

    def __init__(self, name: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._is_closed = False

    def start(self) -> None:
        self._thread.start()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_forever()
        finally:
            asyncio.set_event_loop(None)
            self._loop.close()

    async def call(self, make: Callable[[], Coroutine[Any, Any, _Result]]) -> _Result:
        """Run a coroutine there and give its result; a cancelled caller leaves nothing running.

        :raises ConnectorError: the thread is closed, or is closed meanwhile.
        """
        if self._is_closed:
            raise ConnectorError(_CLOSED)
        done = Wakeup()
        tasks: list[asyncio.Task[_Result]] = []

        def begin() -> None:
            tasks.append(self._loop.create_task(make()))
            tasks[0].add_done_callback(lambda _: done.set())

        try:
            self._loop.call_soon_threadsafe(begin)
        except RuntimeError as exc:
            raise ConnectorError(_CLOSED) from exc
        try:
            await done.wait()
        except anyio.get_cancelled_exc_class():
            self._loop.call_soon_threadsafe(lambda: tasks[0].cancel())
            with anyio.CancelScope(shield=True):
                await done.wait()
            raise
        if tasks[0].cancelled():
            raise ConnectorError(_CLOSED)
        return tasks[0].result()

    async def attempt(self, make: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Run a coroutine there, or nothing if the thread is closed."""
        with contextlib.suppress(ConnectorError):
            await self.call(make)

    async def close(self, farewell: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Run a last coroutine, cancel whatever still runs, and end the thread. May be called twice."""
        if self._is_closed:
            return
        self._is_closed = True
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(self._end, farewell)

    def _end(self, farewell: Callable[[], Coroutine[Any, Any, None]]) -> None:
        async def end() -> None:
            try:
                await farewell()
            finally:
                others = asyncio.all_tasks() - {asyncio.current_task()}
                for task in others:
                    task.cancel()
                await asyncio.gather(*others, return_exceptions=True)
                await self._loop.shutdown_default_executor()

        try:
            asyncio.run_coroutine_threadsafe(end(), self._loop).result()
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
