"""Trials from an approval to the end of five writes: who approves and writes is killed, and the next one looks.

Every value is used once in the whole series, so the IOC's own log tells of each write how often it was put.
"""

from __future__ import annotations

import multiprocessing
import random
import statistics
from collections import Counter
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Final

from attrs import define, field, frozen
from tests.crash.approval_victim import WINDOWS, approve_and_die
from tests.crash.batches import faults_of, read_puts, settle_all, wait_for_quiet, write_of
from tests.crash.harness import write_project

from osprey.approval import current_actor, file_write_request
from osprey.control import ApplyRequest, JudgeRequest, WriteBatch, WriteItem, guard_of
from osprey.journal import RequestRow, RequestState, journal_of
from osprey.project import Project, open_project

WRITES: Final = 5


@frozen(kw_only=True)
class ApprovalVerdict:
    """What one trial showed."""

    window: str
    was_killed: bool
    was_told: bool
    """Whether the victim knew that its approval was taken."""
    left: str
    """The request's state after one restart."""
    ended: str
    """Its state in the end: an approval that was left is carried out."""
    faults: tuple[str, ...]
    """What must never be, in words; empty if all is as promised."""


@define
class ApprovalTally:
    """The verdicts of a series."""

    verdicts: list[ApprovalVerdict] = field(factory=list)

    def broken(self) -> list[ApprovalVerdict]:
        return [verdict for verdict in self.verdicts if verdict.faults]

    def rows(self) -> list[tuple[str, int, int, int, int, int, int]]:
        """A row a window: trials, killed, left pending, left approved, done in the end, in doubt and shown, broken."""
        rows: list[tuple[str, int, int, int, int, int, int]] = []
        for window in dict.fromkeys(verdict.window for verdict in self.verdicts):
            these = [verdict for verdict in self.verdicts if verdict.window == window]
            counts = (
                sum(verdict.was_killed for verdict in these),
                sum(verdict.left == "pending" for verdict in these),
                sum(verdict.left == "approved" for verdict in these),
                sum(verdict.ended == "done" for verdict in these),
                sum(verdict.ended == "in_doubt" for verdict in these),
                sum(bool(verdict.faults) for verdict in these),
            )
            rows.append((window, len(these), *counts))
        return rows


class ApprovalBench:
    """A project, an IOC that counts, and processes to kill while they approve and write."""

    def __init__(self, folder: Path, port: int, puts: Path, seed: int) -> None:
        self.folder = folder
        self._puts = puts
        self._trials = 0
        self._within_s = 0.5
        self._random = random.Random(seed)
        self._processes = multiprocessing.get_context("forkserver")
        self._processes.set_forkserver_preload(["tests.crash.victim", "tests.crash.approval_victim"])
        write_project(folder, port)

    async def measure(self) -> None:
        """Let three requests be approved and carried out undisturbed: random moments are drawn from as long a time."""
        times: list[float] = []
        async with open_project(self.folder) as project:
            for _ in range(3):
                victim, told = self._start(await self._file(project), None, None)
                assert told.recv() == "approved"
                status, took_s = told.recv()
                victim.join()
                assert status == "done", status
                times.append(took_s)
        self._within_s = 1.1 * statistics.median(times)

    async def trial(self, *, window: str | None = None) -> ApprovalVerdict:
        """Kill one process between its approval and its last receipt, restart, carry out what was left, and compare."""
        async with open_project(self.folder) as project:
            row = await self._file(project)
        after_s = None if window else self._random.uniform(0.0, self._within_s)
        victim, told = self._start(row, window, after_s)
        victim.join(timeout=60)
        assert victim.exitcode is not None, "the victim hangs"
        was_told = _was_told(told)
        async with open_project(self.folder) as project:
            return await self._compare(project, row, window or "random", was_told, was_killed=victim.exitcode < 0)

    async def faults_of_series(self) -> list[str]:
        """Compare the whole log with the whole ledger: nothing put twice, nothing without an intent."""
        await wait_for_quiet(self._puts)
        async with open_project(self.folder) as project:
            intended = {write_of(intent) for intent in await journal_of(project).ledger.list(unresolved_only=False)}
            findings = (await journal_of(project).audit.verify()).findings
        puts = Counter(read_puts(self._puts))
        faults = [f"the audit is not intact: {finding.message}" for finding in findings]
        faults += [f"{write} was put {count} times" for write, count in puts.items() if count > 1]
        return faults + [f"{write} was put without an intent" for write in puts if write not in intended]

    async def _file(self, project: Project) -> RequestRow:
        self._trials += 1
        items = [WriteItem(channel=f"CRASH:AO{n:04d}", value=self._trials + n / 100) for n in range(1, WRITES + 1)]
        batch = WriteBatch(target="ioc", groups=tuple((item,) for item in items))
        actor = current_actor()
        judgement = await guard_of(project).judge(JudgeRequest(batch=batch, actor=actor))
        filed = {"kind": "channel_write", "title": "five writes", "thread": "crash", "key": f"five/{self._trials}"}
        return await file_write_request(project, judgement, actor=actor, **filed)

    def _start(self, row: RequestRow, window: str | None, after_s: float | None) -> tuple[BaseProcess, Connection]:
        here, there = self._processes.Pipe(duplex=False)
        arguments = (str(self.folder), (row.id, row.sha256), window, after_s, there)
        victim = self._processes.Process(target=approve_and_die, args=arguments, daemon=True)
        victim.start()
        there.close()
        return victim, here

    async def _compare(
        self, project: Project, filed: RequestRow, window: str, was_told: bool, *, was_killed: bool
    ) -> ApprovalVerdict:
        guard, journal = guard_of(project), journal_of(project)
        reports = {report.request_id: report.status for report in await guard.recover()}
        left = (await journal.requests.get(filed.id)).state
        faults: list[str] = []
        if was_told and left in (RequestState.PENDING, RequestState.EXPIRED, RequestState.WITHDRAWN):
            faults.append(f"its approval was taken, and is lost: {left}")
        if left is RequestState.APPROVED:
            request = ApplyRequest(request_id=filed.id, sha256=filed.sha256, actor=current_actor())
            report = await guard.apply(request)
            if report.status != "done":
                faults.append(f"an approval was left that could not be carried out: {report.rule}: {report.reason}")
        row, intents = await journal.requests.get(filed.id), await journal.ledger.intents_of(filed.id)
        shown = {doubt.id for doubt in await journal.ledger.doubts()}
        if left is RequestState.PENDING:
            faults += [f"{intent.channel} was intended without an approval" for intent in intents]
        else:
            faults += faults_of(row, intents, Counter(read_puts(self._puts)), shown, count=WRITES)
        if left is RequestState.IN_DOUBT and reports.get(row.id) != left:
            faults.append("in doubt, and nobody is told")
        await settle_all(journal)
        return ApprovalVerdict(
            window=window,
            was_killed=was_killed,
            was_told=was_told,
            left=left.value,
            ended=row.state.value,
            faults=tuple(faults),
        )


def _was_told(told: Connection) -> bool:
    """Say whether the victim knew of its approval before it died."""
    try:
        return told.recv() == "approved"
    except EOFError:
        return False


__all__ = ["WINDOWS", "WRITES", "ApprovalBench", "ApprovalTally", "ApprovalVerdict"]
