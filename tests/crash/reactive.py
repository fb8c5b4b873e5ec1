"""Trials on turns that are worked on step by step, one step an approved write to a counting IOC, killed and resumed.

The model answers by what was said so far, so a turn has one right answer. After the resume it is compared with that of
a turn which nobody disturbed; the notes and the puts, which are its effects, are counted.
"""

from __future__ import annotations

import multiprocessing
import random
import statistics
from pathlib import Path

from attrs import define, field, frozen
from tests.crash.harness import count_puts, write_project
from tests.crash.reactive_victim import CONFIG, FAILED, PLUGIN, RECORD, TOOK, go_to_its_end, open_room, work_and_die
from tests.crash.turns import ROUNDS, TurnVerdict

from osprey.agent.session import open_agent
from osprey.agent.state import TurnResult, TurnStatus
from osprey.approval import current_actor
from osprey.errors import UsageError
from osprey.journal import journal_of
from osprey.project import Project
from osprey.services.memory_storage import notes_of


@frozen(kw_only=True)
class ReactiveVerdict(TurnVerdict):
    """What one trial showed."""

    is_doubtful: bool = False
    """Its process died between the intent of the write and its receipt, and the answer says that it is in doubt."""


@define
class ReactiveTally:
    """The verdicts of a series."""

    verdicts: list[ReactiveVerdict] = field(factory=list)

    def broken(self) -> list[ReactiveVerdict]:
        return [verdict for verdict in self.verdicts if verdict.faults]

    def resumed(self) -> list[ReactiveVerdict]:
        """Those that were killed with something to resume."""
        return [verdict for verdict in self.verdicts if verdict.was_killed and verdict.was_begun]

    def row(self) -> tuple[int, int, int, int, int, int]:
        """Give trials, killed, resumed, of these to the same answer, of these in doubt and shown, broken."""
        resumed = self.resumed()
        doubtful = sum(verdict.is_doubtful for verdict in resumed)
        same = sum(not verdict.is_doubtful and not verdict.faults for verdict in resumed)
        killed = sum(verdict.was_killed for verdict in self.verdicts)
        return len(self.verdicts), killed, len(resumed), same, doubtful, len(self.broken())


class ReactiveBench:
    """A project in reactive mode, an IOC that counts, and processes to kill in the middle of a turn."""

    def __init__(self, folder: Path, port: int, puts: Path, seed: int) -> None:
        self.folder = folder
        self._puts = puts
        self._random = random.Random(seed)
        self._number = 0
        self._within_s = 1.0
        self._processes = multiprocessing.get_context("forkserver")
        self._processes.set_forkserver_preload(["tests.crash.reactive_victim"])
        write_project(folder, port)
        with (folder / "config.yml").open("a", encoding="utf-8") as file:
            file.write(CONFIG)
        (folder / "stepwise.py").write_text(PLUGIN, encoding="utf-8")

    async def measure(self) -> None:
        """Let some turns be worked on undisturbed: random moments are drawn from as long a time."""
        times: list[float] = []
        for _ in range(ROUNDS):
            name, value = self._next()
            assert not self._let_die(name, value, None)
            assert count_puts(self._puts, RECORD, value) == 1, "the undisturbed turn has not written"
            times.append(float((self.folder / TOOK).read_text(encoding="utf-8")))
        self._within_s = statistics.median(times)

    def _next(self) -> tuple[str, float]:
        self._number += 1
        return f"turn{self._number}", self._number / 100

    async def trial(self) -> ReactiveVerdict:
        """Kill one turn at a random moment, resume it, approve what it then asks for, and compare."""
        name, value = self._next()
        was_killed = self._let_die(name, value, self._random.uniform(0.0, self._within_s))
        async with open_room(self.folder) as project, open_agent(project) as agent:
            try:
                resumed = await agent.resume(name)
            except UsageError:
                return ReactiveVerdict(was_killed=was_killed, was_begun=False, faults=await self._left(project, name))
            result = await go_to_its_end(agent, resumed)
            again = await agent.resume(name)
            doubts = await journal_of(project).ledger.doubts()
            faults = [*_wrong_words(name, result), *await self._effects(project, name, value, result, bool(doubts))]
            if again.answer != result.answer:
                faults.append(f"{name} was answered otherwise when it was resumed once more")
            for doubt in doubts:
                await journal_of(project).ledger.settle(doubt.id, current_actor(), "landed", "settled by the test")
        return ReactiveVerdict(
            was_killed=was_killed, was_begun=True, faults=tuple(faults), is_doubtful=bool(doubts) and not faults
        )

    async def _left(self, project: Project, name: str) -> tuple[str, ...]:
        notes = await notes_of(project).search(current_actor().subject, name)
        return ("a note of a turn that was never stored",) if notes else ()

    async def _effects(
        self, project: Project, name: str, value: float, result: TurnResult, is_in_doubt: bool
    ) -> list[str]:
        """Say what is wrong with the effects of a turn, and with what is said of them."""
        found: list[str] = []
        puts = count_puts(self._puts, RECORD, value)
        if puts > 1:
            found.append(f"{name}: its value was put {puts} times")
        if is_in_doubt and "doubt" not in f"{result.answer} {' '.join(result.warnings)}".lower():
            found.append(f"{name}: a doubt is not shown: {result.answer!r}")
        if not is_in_doubt and (puts != 1 or "confirmed" not in result.answer):
            found.append(f"{name}: put {puts} times and answered {result.answer!r}")
        notes = await notes_of(project).search(current_actor().subject, name)
        if len(notes) != 2:
            found.append(f"{name} left {len(notes)} notes and not two")
        requests = await journal_of(project).requests.list(thread=name)
        if len(requests) != 1:
            found.append(f"{name} filed {len(requests)} requests and not one")
        return found

    def _let_die(self, name: str, value: float, after_s: float | None) -> bool:
        """Have a process work on a turn; say whether it was killed before it was done."""
        arguments = (str(self.folder), name, value, after_s)
        victim = self._processes.Process(target=work_and_die, args=arguments, daemon=True)
        victim.start()
        victim.join(timeout=60)
        assert victim.exitcode is not None, "the victim hangs"
        assert victim.exitcode <= 0, (self.folder / FAILED).read_text(encoding="utf-8")
        return victim.exitcode < 0


def _wrong_words(name: str, result: TurnResult) -> list[str]:
    """Compare an answer with the right one; what is said of the write, whose old value is another each time, aside."""
    said = [f"{name}-1", f"Remembered: {name} note 1", f"{name}-2", f"Remembered: {name} note 2"]
    expected = [*said, f"The model's summary: All of {name} is done."]
    found = [line for line in result.answer.splitlines() if line in expected]
    if result.status is not TurnStatus.DONE or found != expected:
        return [f"{name} ended as {result.status} with {result.answer!r}"]
    return []
