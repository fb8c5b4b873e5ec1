"""Trials on whole turns: several steps, two of which leave something behind, killed at a random moment and resumed.

The steps that read say what their plan says, so a turn has one right answer; the two that remember a note are its
effects. A trial compares the answer after the resume with that of a turn that nobody disturbed, and counts the notes.
"""

from __future__ import annotations

import multiprocessing
import random
import statistics
import time
from pathlib import Path

from attrs import define, field, frozen
from tests.crash.turn_victim import carry_out_and_die, open_room, plan_of

from osprey.agent.session import open_agent
from osprey.agent.state import TurnStatus
from osprey.approval import current_actor
from osprey.errors import UsageError
from osprey.services.memory_storage import notes_of

ROUNDS = 5


@frozen(kw_only=True)
class TurnVerdict:
    """What one trial showed."""

    was_killed: bool
    was_begun: bool
    """Its question was stored before its process died; else there is nothing to resume, and nothing was done."""
    faults: tuple[str, ...]
    """What must never be, in words."""


@define
class TurnTally:
    """The verdicts of a series."""

    verdicts: list[TurnVerdict] = field(factory=list)

    def broken(self) -> list[TurnVerdict]:
        return [verdict for verdict in self.verdicts if verdict.faults]

    def row(self) -> tuple[int, int, int, int]:
        """Give trials, killed, resumed to the end, broken."""
        killed = [verdict for verdict in self.verdicts if verdict.was_killed]
        return len(self.verdicts), len(killed), sum(verdict.was_begun for verdict in killed), len(self.broken())


class TurnBench:
    """A project with a plugin's steps, and processes to kill in the middle of a turn."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder = folder
        self._random = random.Random(seed)
        self._number = 0
        self._within_s = 1.0
        self._processes = multiprocessing.get_context("forkserver")
        self._processes.set_forkserver_preload(["tests.crash.turn_victim"])

    async def measure(self) -> None:
        """Let some turns be carried out undisturbed: random moments are drawn from as long a time."""
        times: list[float] = []
        for _ in range(ROUNDS):
            begun = time.perf_counter()
            assert not self._let_die(self._next(), None)
            times.append(time.perf_counter() - begun)
        self._within_s = statistics.median(times)

    def _next(self) -> str:
        self._number += 1
        return f"turn{self._number}"

    async def trial(self) -> TurnVerdict:
        """Kill one turn at a random moment, resume it, and compare."""
        name = self._next()
        was_killed = self._let_die(name, self._random.uniform(0.0, self._within_s))
        async with open_room(self.folder) as project, open_agent(project) as agent:
            kept = notes_of(project)
            try:
                result = await agent.resume(name)
            except UsageError:
                notes = await kept.search(current_actor().subject, name)
                faults = ("a note of a turn that was never stored",) if notes else ()
                return TurnVerdict(was_killed=was_killed, was_begun=False, faults=faults)
            faults: list[str] = []
            answer = [line for line in result.answer.splitlines() if not line.startswith("(")]
            if result.status is not TurnStatus.DONE or answer != expected(name):
                faults.append(f"{name} ended as {result.status} with {result.answer!r}")
            again = await agent.resume(name)
            if again.answer != result.answer:
                faults.append(f"{name} was answered otherwise when it was resumed once more")
            notes = await kept.search(current_actor().subject, name)
            if len(notes) != 2:
                faults.append(f"{name} left {len(notes)} notes and not two")
            return TurnVerdict(was_killed=was_killed, was_begun=True, faults=tuple(faults))

    def _let_die(self, name: str, after_s: float | None) -> bool:
        """Have a process carry out a turn; say whether it was killed before it was done."""
        victim = self._processes.Process(target=carry_out_and_die, args=(str(self.folder), name, after_s), daemon=True)
        victim.start()
        victim.join(timeout=60)
        assert victim.exitcode is not None, "the victim hangs"
        return victim.exitcode < 0


def expected(name: str) -> list[str]:
    """Give the right answer's lines."""
    return [
        f"Remembered: {step.parameters['text']}" if step.capability == "memory" else str(step.parameters["said"])
        for step in plan_of(name).steps
    ]
