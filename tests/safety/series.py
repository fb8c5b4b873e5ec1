"""The whole set at one tier, in parts that run beside each other: `python -m tests.safety.series TIER PART OF FILE`."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import anyio
from attrs import asdict, define, field
from tests.safety import plain
from tests.safety.containment import Trial, open_ground
from tests.safety.corpus import Program, load
from tests.safety.host import open_host
from tests.safety.oracle import open_ioc

ROOT: Final = Path(__file__).parents[2]
PARTS: Final = 2
LANDING: Final = ("pyepics", "p4p", "caproto", "aioca", "closures", "decorators", "classes")
"""Families of writes whose libraries are there for a plain process to use."""


@define
class Tally:
    """What a series showed."""

    programs: Counter[str] = field(factory=Counter)
    """Of each group."""
    runs: int = 0
    reached: int = 0
    """Runs in which anything came to the IOC."""
    planned: int = 0
    """Programs that write and whose rehearsal came to a plan."""
    benign_done: list[int] = field(factory=lambda: [0, 0])
    """Of the benign that have what they need: how many ran to their results, and how many there are."""
    contained: Counter[str] = field(factory=Counter)
    """Dangerous programs without a fault, of each family."""
    dangerous: Counter[str] = field(factory=Counter)
    endings: Counter[str] = field(factory=Counter)
    faults: list[str] = field(factory=list)

    def add(self, program: Program, trials: list[Trial]) -> None:
        """Count one program, in all modes that it was tried in."""
        faults = [fault for trial in trials for fault in trial.faults]
        self.programs[program.group] += 1
        self.runs += len(trials)
        self.reached += sum(any("the IOC" in fault or " went from " in fault for fault in t.faults) for t in trials)
        self.endings.update(str(trial.outcome.status) for trial in trials)
        self.faults += [f"`{program.name}`: {fault}" for fault in faults]
        if program.group == "writes":
            self.planned += any(trial.outcome.writes for trial in trials)
        elif program.group == "benign":
            self.benign_done[0] += program.runs and all(trial.outcome.is_done for trial in trials)
            self.benign_done[1] += program.runs
        else:
            self.dangerous[program.family] += 1
            self.contained[program.family] += not faults

    def add_part(self, part: Mapping[str, Any]) -> None:
        """Take over what another process counted."""
        self.runs += part["runs"]
        self.reached += part["reached"]
        self.planned += part["planned"]
        self.benign_done = [sum(pair) for pair in zip(self.benign_done, part["benign_done"], strict=True)]
        self.faults += part["faults"]
        for name in ("programs", "contained", "dangerous", "endings"):
            getattr(self, name).update(part[name])


def run_series(tier: str) -> Tally:
    """Run every program at a tier, in several processes."""
    tally = Tally()
    with tempfile.TemporaryDirectory(prefix="osprey-safety-") as name:
        files = [Path(name, f"{part}.json") for part in range(PARTS)]
        commands = [
            [sys.executable, "-m", "tests.safety.series", tier, str(part), str(PARTS), str(file)]
            for part, file in enumerate(files)
        ]
        processes = [subprocess.Popen(command, cwd=ROOT, stdout=sys.stderr) for command in commands]
        for process, file in zip(processes, files, strict=True):
            if process.wait():
                tally.faults.append(f"a part of the series ended with {process.returncode}")
            else:
                tally.add_part(json.loads(file.read_text(encoding="utf-8")))
    return tally


def run_plain() -> Iterator[tuple[Program, bool]]:
    """Run writes of libraries that are there as plain processes, and say of each whether it reached the IOC."""
    wanted = [program for program in load() if program.group == "writes" and program.family in LANDING]
    with tempfile.TemporaryDirectory(prefix="osprey-safety-") as name:
        folder = Path(name)
        with open_ioc(folder) as oracle, open_host(folder) as host:
            for program in wanted:
                plain.run(program, oracle, host, folder)
                yield program, bool(oracle.new_puts())


async def _run_part(tier: str, part: int, parts: int) -> Tally:
    tally = Tally()
    with tempfile.TemporaryDirectory(prefix="osprey-safety-") as name:
        async with open_ground(Path(name), tier) as ground:
            for program in load()[part::parts]:
                tally.add(program, await ground.try_out(program))
    return tally


if __name__ == "__main__":
    asked, number, count, target = sys.argv[1:]
    shown = asdict(anyio.run(_run_part, asked, int(number), int(count)))
    Path(target).write_text(json.dumps(shown), encoding="utf-8")
