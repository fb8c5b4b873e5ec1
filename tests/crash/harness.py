"""One crash trial after another against a real IOC that counts its puts.

A trial asks for one write with a value never used before, approves it, lets a process resume it and be
killed, resumes it again here, and then compares three things: what the IOC was sent, what the journal says,
and what a person is shown.
"""

from __future__ import annotations

import itertools
import multiprocessing
import random
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from attrs import define, field, frozen
from tests.crash.victim import resume_and_die

from osprey.agent.session import open_agent
from osprey.approval import current_actor
from osprey.journal import journal_of
from osprey.project import Project, open_project

IOC = Path(__file__).parents[2] / "plugins/osprey-epics/tests/peers/ioc.py"


@frozen(kw_only=True)
class Verdict:
    """What one trial showed."""

    window: str
    was_killed: bool
    puts: int
    """How often the IOC was sent the trial's value, at most over the trial's values."""
    state: str
    """The request's final state."""
    is_doubt_shown: bool

    @property
    def is_doubled(self) -> bool:
        return self.puts > 1

    @property
    def is_lost(self) -> bool:
        """True if the journal says that it was done and it was not, or the approval is gone."""
        said_done_but_was_not = self.state == "done" and self.puts == 0
        return said_done_but_was_not or self.state in {"rejected", "expired", "withdrawn", "pending"}

    @property
    def is_hidden_doubt(self) -> bool:
        """True if what became of the write is not known to be good and nobody is told."""
        return self.state in {"in_doubt", "claimed"} and not self.is_doubt_shown


@define
class Tally:
    """The verdicts of a series."""

    verdicts: list[Verdict] = field(factory=list)

    def broken(self) -> list[Verdict]:
        return [v for v in self.verdicts if v.is_doubled or v.is_lost or v.is_hidden_doubt]

    def rows(self) -> list[tuple[str, int, int, int, int, int, int]]:
        """A row a window: trials, killed, doubled, lost, in doubt and shown, doubts not shown."""
        rows: list[tuple[str, int, int, int, int, int, int]] = []
        for window in dict.fromkeys(v.window for v in self.verdicts):
            these = [v for v in self.verdicts if v.window == window]
            rows.append(
                (
                    window,
                    len(these),
                    sum(v.was_killed for v in these),
                    sum(v.is_doubled for v in these),
                    sum(v.is_lost for v in these),
                    sum(v.state == "in_doubt" and v.is_doubt_shown for v in these),
                    sum(v.is_hidden_doubt for v in these),
                )
            )
        return rows


class CrashBench:
    """A project, an IOC that counts, and processes to kill."""

    def __init__(self, folder: Path, port: int, puts: Path, seed: int) -> None:
        self.folder = folder
        self._puts = puts
        self._values = itertools.count(1)
        self._random = random.Random(seed)
        self._processes = multiprocessing.get_context("forkserver")
        self._processes.set_forkserver_preload(["tests.crash.victim"])
        write_project(folder, port)

    async def trial(self, *, window: str | None = None, record: str = "AO0001", within_s: float = 0.6) -> Verdict:
        """Run one trial: die at a named window, or at a random moment within `within_s` seconds."""
        value = next(self._values) / 100
        async with open_project(self.folder) as project, open_agent(project) as agent:
            asked = await agent.ask(f"set {record} to {value}", target="ioc")
            assert asked.approval, asked.answer
            requests = journal_of(project).requests
            row = await requests.get(asked.approval)
            await requests.approve(row.id, row.sha256[:8], current_actor())
        after_s = None if window else self._random.uniform(0.0, within_s)
        was_killed = self._let_die(asked.thread, window, after_s)
        async with open_project(self.folder) as project, open_agent(project) as agent:
            result = await agent.resume(asked.thread)
            row = await journal_of(project).requests.get(asked.approval)
            doubts = await journal_of(project).ledger.doubts()
            shown = any(doubt.request_id == row.id for doubt in doubts) and "doubt" in (
                f"{result.answer} {' '.join(result.warnings)}".lower()
            )
            await self._settle_all(project)
        return Verdict(
            window=window or "random",
            was_killed=was_killed,
            puts=count_puts(self._puts, record, value),
            state=row.state.value,
            is_doubt_shown=shown,
        )

    def _let_die(self, thread: str, window: str | None, after_s: float | None) -> bool:
        victim = self._processes.Process(
            target=resume_and_die, args=(str(self.folder), thread, window, after_s), daemon=True
        )
        victim.start()
        victim.join(timeout=60)
        assert victim.exitcode is not None, "the victim hangs"
        return victim.exitcode < 0

    async def _settle_all(self, project: Project) -> None:
        ledger = journal_of(project).ledger
        for doubt in await ledger.doubts():
            await ledger.settle(doubt.id, current_actor(), "landed", "settled by the crash test")


@contextmanager
def counting_ioc(folder: Path, *, slow_s: float = 1.0, port: int = 0) -> Iterator[tuple[int, Path]]:
    """Serve the counting IOC on a loopback port (0: a free one); give the port and the file of its puts."""
    puts = folder / "puts.txt"
    command = [sys.executable, str(IOC), "--port", str(port), "--prefix", "CRASH", "--puts", str(puts)]
    with (
        (folder / "ioc.log").open("w", encoding="utf-8") as log,
        subprocess.Popen([*command, "--slow", str(slow_s)], text=True, stdout=subprocess.PIPE, stderr=log) as process,
    ):
        assert process.stdout is not None
        try:
            ready = next((line for line in process.stdout if line.startswith("READY")), None)
            assert ready, (folder / "ioc.log").read_text(encoding="utf-8")
            yield int(ready.split()[1]), puts
        finally:
            process.kill()


def write_project(folder: Path, port: int) -> None:
    (folder / "config.yml").write_text(
        f"""
control_system:
  default_target: ioc
  targets:
    ioc:
      connector: epics
      posture: approval
      writes_enabled: true
      limits: {{unlisted: native_only}}
      channels: channels.yml
      settings: {{address: 127.0.0.1, port: {port}}}
""",
        encoding="utf-8",
    )
    (folder / "channels.yml").write_text(
        "channels:\n"
        "  - {name: 'CRASH:AO0001', device: AO0001, description: counted setpoint, role: setpoint, unit: mA}\n"
        "  - {name: 'CRASH:SLOW', device: SLOW, description: slow setpoint, role: setpoint,\n"
        "     readback: 'CRASH:SLOW:RB'}\n",
        encoding="utf-8",
    )


def count_puts(puts: Path, record: str, value: float) -> int:
    """Count how often a record was sent a value."""
    lines = puts.read_text(encoding="utf-8").splitlines() if puts.exists() else []
    return sum(_is_put_of(line, record, value) for line in lines)


def _is_put_of(line: str, record: str, value: float) -> bool:
    name, written, *_ = line.split()
    return name.endswith(f":{record}") and abs(float(written) - value) < 1e-9
