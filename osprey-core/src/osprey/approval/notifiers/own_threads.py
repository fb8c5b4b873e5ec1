"""Threads for libraries that block: nobody waits for one that hangs, not even the end of the process."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from threading import Thread
from typing import Final

from osprey.approval.notifiers import NotSentError
from osprey.storage.wakeup import Wakeup

_MOST_LEFT: Final = 4
"""Threads that may hang at the same time, such as at a server that sends a byte now and then."""


class OwnThreads:
    """Runs the blocking calls of one notifier."""

    def __init__(self) -> None:
        self._left: list[Thread] = []

    async def run(self, work: Callable[[], None]) -> None:
        """Run `work` in a thread and wait for it; cancelled, leave it to itself.

        :raises NotSentError: too many that were left to themselves have not ended.
        """
        self._left = [thread for thread in self._left if thread.is_alive()]
        if len(self._left) >= _MOST_LEFT:
            msg = f"{len(self._left)} earlier notices hang in it; it is tried again when one of them has ended"
            raise NotSentError(msg)
        outcome: Future[None] = Future()
        wakeup = Wakeup()
        outcome.add_done_callback(wakeup.set)
        thread = Thread(target=_carry_out, args=(work, outcome), name="osprey-notice", daemon=True)
        thread.start()
        try:
            await wakeup.wait()
        finally:
            if not outcome.done():
                self._left.append(thread)
        outcome.result()


def _carry_out(work: Callable[[], None], outcome: Future[None]) -> None:
    try:
        work()
    except BaseException as exc:  # noqa: BLE001 - it belongs to the task that waits
        outcome.set_exception(exc)
    else:
        outcome.set_result(None)
