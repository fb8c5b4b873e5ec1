"""The sections on processes that are killed: one write, guarded batches, an approval with five writes, whole turns."""

from __future__ import annotations

import sys
from typing import Final

import anyio
from tests.crash.approvals import WINDOWS as APPROVAL_WINDOWS
from tests.crash.approvals import WRITES, ApprovalBench, ApprovalTally
from tests.crash.batches import CHANNELS, GROUPS, BatchBench, BatchTally
from tests.crash.harness import CrashBench, Tally, counting_ioc
from tests.crash.reactive import ReactiveBench, ReactiveTally
from tests.crash.turn_victim import write_room
from tests.crash.turns import TurnBench, TurnTally
from tests.crash.victim import WINDOWS
from tests.proofs.section import SEED, Section, folder_on_disk, table, told

from osprey.project import open_project

PER_WINDOW: Final = 20
RANDOM: Final = 200
BATCHES: Final = 500
APPROVALS: Final = 500
TURNS: Final = 300


def one_write() -> Section:
    """Kill who resumes an approved write, at named windows and at random moments."""

    async def run() -> Tally:
        tally, folder = Tally(), folder_on_disk()
        with counting_ioc(folder) as (port, puts):
            bench = CrashBench(folder, port, puts, SEED)
            for window in WINDOWS:
                record = "SLOW" if window == "during_put" else "AO0001"
                for _ in range(PER_WINDOW):
                    tally.verdicts.append(await bench.trial(window=window, record=record))
                _say(f"one write, {window}: {len(tally.broken())} broken")
            for number in range(RANDOM):
                tally.verdicts.append(await bench.trial(record="AO0001" if number % 4 else "SLOW"))
        return tally

    tally = anyio.run(run)
    killed = sum(verdict.was_killed for verdict in tally.verdicts)
    head = ("window", "trials", "killed", "doubled", "lost", "in doubt, shown", "doubt not shown")
    text = f"""## kill -9 while an approved write is carried out

A process resumes an approved request and is killed at a named window, or at a random moment. The peer is a real soft IOC that counts its puts; the slow record
completes its put after the killed process is gone. After the restart, the IOC's count, the journal and what a person is shown are compared.

{table(head, tally.rows())}

{len(tally.verdicts)} trials, {killed} kills, {len(tally.broken())} broken. *Doubled*: the IOC was sent the value more than once. *Lost*: an approval gone, or called done though the IOC
never had it. A kill after the process had finished is counted as a trial that was not killed."""
    return Section(text, bool(tally.broken()))


def turns() -> Section:
    """Kill a process at a random moment of a turn of several steps, and resume the turn."""

    async def run() -> TurnTally:
        tally, folder = TurnTally(), folder_on_disk()
        write_room(folder)
        bench = TurnBench(folder, SEED)
        await bench.measure()
        while sum(verdict.was_killed and verdict.was_begun for verdict in tally.verdicts) < TURNS:
            tally.verdicts.append(await bench.trial())
        return tally

    tally = anyio.run(run)
    head = ("trials", "killed", "of these resumed to the end", "broken")
    text = f"""## kill -9 at random moments of a turn of five steps

Three steps say something, two remember a note. After each kill another process resumes the turn: it must give the answer of a turn that nobody disturbed, give it again
when it is resumed once more, and leave two notes. A process that was killed before its question was stored has done nothing, and there is nothing to resume.

{table(head, [tally.row()])}"""
    return Section(text, bool(tally.broken()))


def reactive_turns() -> Section:
    """Kill a process at a random moment of a turn that is worked on step by step, one step an approved write."""

    async def run() -> ReactiveTally:
        tally, folder = ReactiveTally(), folder_on_disk()
        with counting_ioc(folder) as (port, puts):
            bench = ReactiveBench(folder, port, puts, SEED)
            await bench.measure()
            while len(tally.resumed()) < TURNS:
                tally.verdicts.append(await bench.trial())
        return tally

    tally = anyio.run(run)
    head = ("trials", "killed", "of these resumed", "to the same answer", "in doubt, shown", "broken")
    faults = [fault for verdict in tally.broken() for fault in verdict.faults]
    text = f"""## kill -9 at random moments of a turn that is planned as it goes

A model asks for five steps, one answer after the other: two say something, two remember a note, one writes to a real soft IOC that counts its puts and is approved in between. After each
kill another process resumes the turn, and approves what it then asks for. It must give the answer of a turn that nobody disturbed, give it again when it is resumed once more, leave two
notes and one request, and have put its value once. Where the process died between the intent of the write and its receipt, the answer says that the write is in doubt, and it is not sent
again. In the whole series: {told(faults, "no effect came twice, none was lost, and no doubt was hidden")}.

{table(head, [tally.row()])}"""
    return Section(text, bool(faults))


def batches() -> Section:
    """Kill a process at a random point of a batch, again and again, and compare the whole series."""

    async def run() -> tuple[BatchTally, list[str]]:
        tally, folder = BatchTally(), folder_on_disk()
        with counting_ioc(folder) as (port, puts):
            bench = BatchBench(folder, port, puts, SEED)
            await bench.measure()
            async with open_project(folder) as project:
                for _ in range(BATCHES):
                    tally.verdicts.append(await bench.trial(project))
                return tally, await bench.faults_of_series(project)

    tally, series = anyio.run(run)
    head = (
        "trials", "killed", "with a part of it put", "ended as done", "in doubt, shown",
        "most groups in doubt at once", "broken",
    )  # fmt: skip
    text = f"""## kill -9 at random points of a guarded batch

{GROUPS} groups of {CHANNELS} channels, every value used once in the whole series. After each kill another process recovers; then the IOC's log, the
ledger and what is shown are compared. At the end the whole log is compared with the whole ledger: {told(series, "nothing was put twice, and nothing without an intent")}.

{table(head, [tally.row()])}"""
    return Section(text, bool(tally.broken() or series))


def approvals() -> Section:
    """Kill who approves a request and makes its five writes, at named windows and at random moments."""

    async def run() -> tuple[ApprovalTally, list[str]]:
        tally, folder = ApprovalTally(), folder_on_disk()
        with counting_ioc(folder) as (port, puts):
            bench = ApprovalBench(folder, port, puts, SEED)
            await bench.measure()
            for window in APPROVAL_WINDOWS:
                tally.verdicts += [await bench.trial(window=window) for _ in range(PER_WINDOW)]
                _say(f"approval, {window}: {len(tally.broken())} broken")
            for _ in range(APPROVALS):
                tally.verdicts.append(await bench.trial())
            return tally, await bench.faults_of_series()

    tally, series = anyio.run(run)
    faults = [*series, *(fault for verdict in tally.broken() for fault in verdict.faults)]
    told_and_kept = sum(verdict.was_told and verdict.left != "pending" for verdict in tally.verdicts)
    head = (
        "window",
        "trials",
        "killed",
        "left pending",
        "left approved",
        "done in the end",
        "in doubt, shown",
        "broken",
    )
    text = f"""## kill -9 from an approval to the end of its {WRITES} writes

A process approves a request and carries out its {WRITES} writes, a group each, and is killed at a named window or at a random moment from the approval on. After one restart every doubt
is shown; an approval that was left is carried out, and then the IOC's log, the ledger and what is shown are compared. {told_and_kept} approvals were taken before the process died, and none was lost.
In the whole series: {told(faults, "nothing was put twice, nothing without an intent, and no doubt was hidden")}.

{table(head, tally.rows())}"""
    return Section(text, bool(faults))


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
