"""The process that approves a request and carries it out, and is killed at a named window or moment while it does."""

from __future__ import annotations

import os
import threading
import time
from multiprocessing.connection import Connection
from pathlib import Path

import anyio
from attrs import frozen
from tests.crash.victim import die, wrap

from osprey.approval import identity_of
from osprey.approval.desk import approve
from osprey.control import ApplyRequest, guard_of, targets_of
from osprey.control.payload import batch_of
from osprey.journal import journal_of
from osprey.journal.ledger.ledger import Ledger
from osprey.journal.requests.requests import Requests
from osprey.project import open_project
from osprey_epics.connector import EpicsConnector


@frozen
class Window:
    """Where to die: before or after the so-and-so-many-th call of a method of the product."""

    owner: type
    method: str
    when: str
    call: int = 1


WINDOWS = {
    "before_approval": Window(Requests, "approve", "before"),
    "after_approval": Window(Requests, "approve", "after"),
    "before_claim": Window(Ledger, "claim", "before"),
    "after_claim": Window(Ledger, "claim", "after"),
    "before_first_put": Window(EpicsConnector, "write", "before"),
    "after_first_put": Window(EpicsConnector, "write", "after"),
    "before_second_intent": Window(Ledger, "advance", "before"),
    "after_second_intent": Window(Ledger, "advance", "after"),
    "before_third_put": Window(EpicsConnector, "write", "before", 3),
    "after_third_put": Window(EpicsConnector, "write", "after", 3),
    "before_last_receipt": Window(Ledger, "finish", "before"),
    "after_last_receipt": Window(Ledger, "finish", "after"),
}


def approve_and_die(
    project: str, request: tuple[str, str], window: str | None, after_s: float | None, told: Connection
) -> None:
    """Approve a request and carry it out; die at the window, or some seconds after it began, or not at all.

    It tells when its approval was taken, and how all of it ended.
    """
    if window is not None:
        _set_trap(WINDOWS[window])
    anyio.run(_approve_and_apply, Path(project), request, after_s, told)
    os._exit(0)


def _set_trap(window: Window) -> None:
    calls = 0

    def count() -> None:
        nonlocal calls
        calls += 1
        if calls == window.call:
            die()

    before, after = (count, None) if window.when == "before" else (None, count)
    wrap(window.owner, window.method, before=before, after=after)


async def _approve_and_apply(project: Path, request: tuple[str, str], after_s: float | None, told: Connection) -> None:
    request_id, sha256 = request
    async with open_project(project) as opened:
        row = await journal_of(opened).requests.get(request_id)
        target = await targets_of(opened).get()
        names = [item.channel for group in batch_of(row.document).groups for item in group]
        # Connected before, so that the moment of death falls into the work and not into the start.
        await target.connector.describe(names, timeout_s=5.0)
        if after_s is not None:
            threading.Thread(target=_die_after, args=(after_s,), daemon=True).start()
        begun = time.perf_counter()
        identity = identity_of(opened)
        await approve(opened, request_id, sha256[:8], identity)
        told.send("approved")
        report = await guard_of(opened).apply(ApplyRequest(request_id=request_id, sha256=sha256, actor=identity.actor))
        told.send((report.status, time.perf_counter() - begun))


def _die_after(seconds: float) -> None:
    end = time.perf_counter() + seconds
    while (left_s := end - time.perf_counter()) > 0:
        time.sleep(left_s)
    die()
