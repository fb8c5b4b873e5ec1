"""The process that carries out an approved batch and is killed, or stopped, while it does."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

import anyio
from tests.crash.victim import die

from osprey.control import Actor, ApplyRequest, guard_of, targets_of
from osprey.control.payload import batch_of
from osprey.journal import journal_of
from osprey.journal.ledger.ledger import Ledger
from osprey.project import Project, open_project
from osprey_epics.connector import EpicsConnector

ACTOR = Actor(subject="os:victim")


def apply_and_die(
    project: str, request: tuple[str, str], after_s: float | None, is_from_claim: bool, told: Connection
) -> None:
    """Carry out a request; die some seconds after it began, or not at all if it is done before.

    It first connects to every channel, so that the moment of death falls into the work, not into the start.

    :param is_from_claim: count from the claim on, not from the judging that comes before it.
    """

    def begin() -> None:
        if after_s is not None:
            threading.Thread(target=_die_after, args=(after_s,), daemon=True).start()

    def nothing() -> None:
        return

    clock = _Clock(at_begin=nothing if is_from_claim else begin, at_claim=begin if is_from_claim else nothing)
    anyio.run(_apply, Path(project), request, clock, told)
    os._exit(0)


class _Clock:
    """Knows when an apply and its claim began."""

    def __init__(self, at_begin: Callable[[], None], at_claim: Callable[[], None]) -> None:
        self._at_begin = at_begin
        self._at_claim = at_claim
        self._begun = self._claimed = 0.0

    def begin(self) -> None:
        claim = Ledger.claim

        async def claim_in_time(*args: object, **kwargs: object) -> object:
            self._claimed = time.perf_counter()
            self._at_claim()
            return await claim(*args, **kwargs)  # type: ignore[arg-type]

        Ledger.claim = claim_in_time  # type: ignore[method-assign,assignment]
        self._begun = time.perf_counter()
        self._at_begin()

    def times(self) -> tuple[float, float]:
        now = time.perf_counter()
        return now - self._begun, now - self._claimed


def apply_and_stop(project: str, request: tuple[str, str], told: Connection) -> None:
    """Carry out a request; stop, as a debugger or a suspended laptop does, between the intents and the put.

    It stops while it holds no lock that all processes share for a moment: whoever waits for one of those is refused.
    """
    anyio.run(_apply_and_stop, Path(project), request, told)
    os._exit(0)


def _die_after(seconds: float) -> None:
    end = time.perf_counter() + seconds
    while (left_s := end - time.perf_counter()) > 0:
        time.sleep(left_s)
    die()


async def _apply_and_stop(project: Path, request: tuple[str, str], told: Connection) -> None:
    claim = Ledger.claim
    async with open_project(project) as opened:

        async def claim_and_stop(*args: object, **kwargs: object) -> object:
            row = await claim(*args, **kwargs)  # type: ignore[arg-type]
            await opened.database.safety.settle()
            os.kill(os.getpid(), signal.SIGSTOP)
            return row

        Ledger.claim = claim_and_stop  # type: ignore[method-assign,assignment]
        await _apply_in(opened, request, None, told)


async def _apply(project: Path, request: tuple[str, str], clock: _Clock | None, told: Connection) -> None:
    async with open_project(project) as opened:
        await _apply_in(opened, request, clock, told)


async def _apply_in(opened: Project, request: tuple[str, str], clock: _Clock | None, told: Connection) -> None:
    request_id, sha256 = request
    target = await targets_of(opened).get()
    assert isinstance(target.connector, EpicsConnector)
    row = await journal_of(opened).requests.get(request_id)
    names = [item.channel for group in batch_of(row.document).groups for item in group]
    await target.connector.describe(list(dict.fromkeys(names)), timeout_s=5.0)
    if clock is not None:
        clock.begin()
    report = await guard_of(opened).apply(ApplyRequest(request_id=request_id, sha256=sha256, actor=ACTOR))
    told.send((report.status, clock.times() if clock is not None else None))
