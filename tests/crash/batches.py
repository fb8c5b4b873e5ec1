"""Trials on guarded batches: several groups against an IOC that counts its puts, killed at a random point.

Every value is used once in the whole series, so the IOC's own log tells of each write how often it was put, and for
which intent. A trial compares the log, the ledger, and what a person is shown.
"""

from __future__ import annotations

import multiprocessing
import random
import statistics
import time
from collections import Counter
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, Final

from attrs import define, field, frozen
from tests.crash.batch_victim import ACTOR, apply_and_die
from tests.crash.harness import write_project

from osprey.control import ApplyReport, JudgeRequest, WriteBatch, WriteItem, guard_of
from osprey.control.exact import unpacked
from osprey.control.payload import write_document
from osprey.journal import IntentRow, IntentState, Journal, NewRequest, RequestRow, journal_of
from osprey.project import Project, open_project

GROUPS: Final = 3
CHANNELS: Final = 4
"""Of each group; every group has channels of its own."""
_FAR_FUTURE_NS: Final = 4_000_000_000_000_000_000
_ROUND: Final = 6

Write = tuple[str, float]


@frozen(kw_only=True)
class BatchVerdict:
    """What one trial showed."""

    was_killed: bool
    state: str
    """The request's state in the end."""
    put: int
    """How many of its writes the IOC has had."""
    faults: tuple[str, ...]
    """What must never be, in words; empty if all is as promised."""
    groups_in_doubt: int


@define
class BatchTally:
    """The verdicts of a series."""

    verdicts: list[BatchVerdict] = field(factory=list)

    def broken(self) -> list[BatchVerdict]:
        return [verdict for verdict in self.verdicts if verdict.faults]

    def row(self) -> tuple[int, int, int, int, int, int, int]:
        """Give trials, killed, killed within the work, done in spite of it, in doubt and shown, most groups, broken."""
        them = self.verdicts
        within = sum(v.was_killed and 0 < v.put < GROUPS * CHANNELS for v in them)
        doubts = sum(v.groups_in_doubt > 0 for v in them)
        most = max((v.groups_in_doubt for v in them), default=0)
        done = sum(v.state == "done" for v in them)
        return len(them), sum(v.was_killed for v in them), within, done, doubts, most, len(self.broken())


class BatchBench:
    """A project, an IOC that counts, and processes to kill in the middle of a batch."""

    def __init__(self, folder: Path, port: int, puts: Path, seed: int) -> None:
        self.folder = folder
        self.puts_file = puts
        self.within_s = (0.25, 0.15)
        """How long an undisturbed apply takes, and how long from its claim on; measured by `measure`."""
        self._trials = 0
        self._random = random.Random(seed)
        self.processes = multiprocessing.get_context("forkserver")
        self.processes.set_forkserver_preload(["tests.crash.victim", "tests.crash.batch_victim"])
        write_project(folder, port)

    async def approve(self, project: Project, *, record: str = "AO", groups: int = GROUPS) -> RequestRow:
        """Have a batch with values of its own approved."""
        self._trials += 1
        batch = WriteBatch(target="ioc", groups=tuple(tuple(self._items(group, record)) for group in range(groups)))
        judgement = await guard_of(project).judge(JudgeRequest(batch=batch, actor=ACTOR))
        assert judgement.is_allowed, judgement.items
        requests = journal_of(project).requests
        new = {"kind": "channel_write", "title": "a batch", "thread": "crash", "risk": "", "requester": "os:victim"}
        new["policy"] = project.config.approval.version
        row = await requests.create(NewRequest(document=write_document(judgement), expires_ns=_FAR_FUTURE_NS, **new))
        return await requests.approve(row.id, row.sha256, ACTOR)

    def _items(self, group: int, record: str) -> list[WriteItem]:
        if record == "SLOW":
            return [WriteItem(channel="CRASH:SLOW", value=self._trials / 1000)]
        numbers = range(group * CHANNELS, (group + 1) * CHANNELS)
        return [WriteItem(channel=f"CRASH:{record}{n:04d}", value=self._trials + n / 100) for n in numbers]

    def start(self, target: Any, row: RequestRow, *more: Any) -> tuple[BaseProcess, Connection]:
        """Start a victim; give it, and where it tells how it ended."""
        here, there = self.processes.Pipe(duplex=False)
        victim = self.processes.Process(
            target=target, args=(str(self.folder), (row.id, row.sha256), *more, there), daemon=True
        )
        victim.start()
        there.close()
        return victim, here

    async def measure(self) -> None:
        """Let three batches be carried out undisturbed: random moments are drawn from as long a time."""
        times: list[tuple[float, float]] = []
        async with open_project(self.folder) as project:
            for _ in range(3):
                victim, told = self.start(apply_and_die, await self.approve(project), None, False)
                status, took_s = told.recv()
                victim.join()
                assert status == "done", status
                times.append(took_s)
        whole, from_claim = zip(*times, strict=True)
        self.within_s = (statistics.median(whole), statistics.median(from_claim))

    async def trial(self, project: Project) -> BatchVerdict:
        """Kill one process at a random point of its batch, recover, and compare.

        Two of three die after their claim, where something can be lost, and one at any point of the whole apply.
        """
        row = await self.approve(project)
        is_from_claim = self._trials % 3 > 0
        after_s = self._random.uniform(0.0, self.within_s[is_from_claim])
        victim, _ = self.start(apply_and_die, row, after_s, is_from_claim)
        victim.join(timeout=60)
        assert victim.exitcode is not None, "the victim hangs"
        reports = await guard_of(project).recover()
        verdict = await self.compare(project, row.id, reports, was_killed=victim.exitcode < 0)
        await settle_all(journal_of(project))
        return verdict

    async def compare(
        self, project: Project, request_id: str, reports: tuple[ApplyReport, ...], *, was_killed: bool
    ) -> BatchVerdict:
        """Compare the IOC's log, the ledger and what is shown of one request."""
        journal = journal_of(project)
        row, intents = await journal.requests.get(request_id), await journal.ledger.intents_of(request_id)
        shown = {doubt.id for doubt in await journal.ledger.doubts()}
        puts = Counter(read_puts(self.puts_file))
        doubtful = {intent.group for intent in intents if intent.state is IntentState.IN_DOUBT}
        told = any(r.request_id == request_id and r.status == row.state for r in reports) or not was_killed
        faults = faults_of(row, intents, puts, shown, count=GROUPS * CHANNELS)
        if row.state == "in_doubt" and not told:
            faults.append("in doubt, and nobody is told")
        if len(doubtful) > 1:
            faults.append(f"{len(doubtful)} groups are in doubt")
        put = sum(puts[write_of(intent)] for intent in intents)
        return BatchVerdict(
            was_killed=was_killed, state=row.state.value, put=put, faults=tuple(faults), groups_in_doubt=len(doubtful)
        )

    async def faults_of_series(self, project: Project) -> list[str]:
        """Compare the whole log with the whole ledger: nothing put twice, nothing without an intent."""
        await wait_for_quiet(self.puts_file)
        intended = {write_of(intent) for intent in await journal_of(project).ledger.list(unresolved_only=False)}
        puts = Counter(read_puts(self.puts_file))
        faults = [f"{write} was put {count} times" for write, count in puts.items() if count > 1]
        return faults + [f"{write} was put without an intent" for write in puts if write not in intended]


def faults_of(
    row: RequestRow, intents: list[IntentRow], puts: Counter[Write], shown: set[int], *, count: int
) -> list[str]:
    """Say in words what must never be of a request of `count` writes; empty if all is as promised."""
    faults: list[str] = []
    for intent in intents:
        put, name = puts[write_of(intent)], f"{intent.channel} ({intent.outcome or 'no receipt'})"
        if put > 1:
            faults.append(f"{name} was put {put} times")
        if intent.outcome in {"confirmed", "present_after_crash"} and put != 1:
            faults.append(f"{name} was put {put} times")
        if intent.outcome in {"refused", "failed", "unrequested"} and put:
            faults.append(f"{name} was put all the same")
        if intent.state is IntentState.OPEN:
            faults.append(f"{name} is still open")
        if intent.outcome == "unconfirmed" and intent.id not in shown:
            faults.append(f"{name} is a doubt that is not shown")
    if row.state == "done" and (len(intents) != count or any(not puts[write_of(i)] for i in intents)):
        faults.append("called done, though not all was put")
    if row.state == "approved" and intents:
        faults.append("has intents without a claim")
    if row.state not in {"approved", "done", "partial", "failed", "in_doubt"}:
        faults.append(f"was left as {row.state}")
    return faults


def write_of(intent: IntentRow) -> Write:
    """Give what an intent would put, as the IOC's log names it."""
    value = unpacked(intent.value)
    assert isinstance(value, float)
    return intent.channel, round(value, _ROUND)


def read_puts(path: Path) -> list[Write]:
    """Give the puts that reached the IOC; a line that is being written is left out."""
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    lines = [line.split("\t") for line in text.splitlines(keepends=True) if line.endswith("\n")]
    return [(name, round(float(value), _ROUND)) for name, value, _ in lines]


async def wait_for_quiet(path: Path, *, quiet_s: float = 0.5) -> None:
    """Wait until nothing more arrives: a put may outlive the process that sent it."""
    import anyio

    seen, since = read_puts(path), time.monotonic()
    while time.monotonic() - since < quiet_s:
        await anyio.sleep(0.05)
        if (now := read_puts(path)) != seen:
            seen, since = now, time.monotonic()


async def settle_all(journal: Journal) -> None:
    """Have a person say of every doubt that it landed, so that the channels may be written again."""
    for doubt in await journal.ledger.doubts():
        await journal.ledger.settle(doubt.id, ACTOR, "landed", "settled by the crash test")
