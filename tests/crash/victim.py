"""The process that is killed: it resumes one approved thread and dies at a named window or moment.

The windows wrap the product's own methods from outside; nothing in Osprey knows of this test.
"""

from __future__ import annotations

import functools
import os
import signal
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import anyio
from attrs import frozen
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

from osprey.agent.session import open_agent
from osprey.journal.ledger.ledger import Ledger
from osprey.project import open_project
from osprey_epics.connector import EpicsConnector


@frozen
class Window:
    """Where to die: before or after a method of the product."""

    owner: type
    method: str
    when: str
    armed_by: str = ""
    """The window counts only after this method of the ledger has returned."""


WINDOWS = {
    "before_intent": Window(Ledger, "claim", "before"),
    "after_intent": Window(Ledger, "claim", "after"),
    "before_put": Window(EpicsConnector, "write", "before"),
    "during_put": Window(EpicsConnector, "write", "during"),
    "after_put": Window(EpicsConnector, "write", "after"),
    "before_receipt": Window(Ledger, "finish", "before"),
    "after_receipt": Window(Ledger, "finish", "after"),
    "before_checkpoint": Window(AsyncSqliteSaver, "aput", "before", armed_by="finish"),
    "after_checkpoint": Window(AsyncSqliteSaver, "aput", "after", armed_by="finish"),
}


def die() -> None:
    """End this process as a power cut would."""
    os.kill(os.getpid(), signal.SIGKILL)


def resume_and_die(project: str, thread: str, window: str | None, after_s: float | None) -> None:
    """Resume a thread; die at the window, or after a time, or not at all if it is done before."""
    if window is not None:
        _set_trap(WINDOWS[window])
    if after_s is not None:
        threading.Timer(after_s, die).start()
    anyio.run(_resume, Path(project), thread)
    os._exit(0)


async def _resume(project: Path, thread: str) -> None:
    async with open_project(project) as opened, open_agent(opened) as agent:
        await agent.resume(thread)


def _set_trap(window: Window) -> None:
    armed = threading.Event()
    if window.armed_by:
        wrap(Ledger, window.armed_by, after=armed.set)
    else:
        armed.set()

    def trap() -> None:
        if armed.is_set():
            die()

    match window.when:
        case "before":
            wrap(window.owner, window.method, before=trap)
        case "after":
            wrap(window.owner, window.method, after=trap)
        case _:
            # The put is on its way: the peer's slow record completes it after this process is gone.
            wrap(window.owner, window.method, before=lambda: threading.Timer(0.15, die).start())


def wrap(
    owner: type, method: str, *, before: Callable[[], Any] | None = None, after: Callable[[], Any] | None = None
) -> None:
    """Have something happen before or after each call of a method of the product."""
    original: Callable[..., Awaitable[Any]] = getattr(owner, method)

    @functools.wraps(original)
    async def wrapped(*args: Any, **kwargs: Any) -> Any:
        if before:
            before()
        result = await original(*args, **kwargs)
        if after:
            after()
        return result

    setattr(owner, method, wrapped)
