"""The programs of this folder and what is known of each; written apart from the analyser and from the sandbox.

`writes` change a control system, plainly or in hiding. `benign` read, compute, or only look like a write.
`dangerous` are after the host, its service, or what the parent believes. `labels.json` has a line for each.

The programs are never edited to be run. What they reach for has a name of its own in them, and `aimed` puts the real
thing in its place, so that a hole in the isolation would show: the IOC's port for 5064, a folder outside for
/srv/control-room, listeners for 18080 and 18053, and a process of the host for 424242.

To add one, put it into a folder of its family and give it a line in `labels.json`; the tests here say what is missing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from attrs import frozen

FOLDER: Final = Path(__file__).parent
GROUPS: Final = ("writes", "benign", "dangerous")
_SAMPLED_FAMILIES: Final = 2
_SLOW_S: Final = 2.5


@frozen(kw_only=True)
class Program:
    """One program and its label."""

    name: str
    """Group, family and file, such as ``writes/pyepics/ramp_quadrupole``."""
    kind: str
    """In `writes`, ``idiom`` is what a library's own documentation shows; the others hide it in some way."""
    expected: tuple[str, ...] = ()
    """Verdicts of the analysis that are right; for `dangerous` there is none."""
    channels: tuple[str, ...] = ()
    """What is written, where that is constant."""
    must_not: str = ""
    """What must not happen when it runs."""
    runs: bool = True
    """False for benign programs that need what a run does not have: they may fail."""
    status: tuple[str, ...] = ()
    """How a run may end; empty: in any way."""
    planned: int | None = None
    """How many writes a rehearsal plans, where that says whether it was taken in."""
    timeout_s: float = 10.0

    @property
    def group(self) -> str:
        return self.name.partition("/")[0]

    @property
    def family(self) -> str:
        return self.name.split("/")[1]

    @property
    def code(self) -> str:
        """Its text, character for character: some carry line breaks of another kind."""
        return (FOLDER / f"{self.name}.py").read_bytes().decode()


def load() -> list[Program]:
    """Read all labels, in the order of their names."""
    labels: dict[str, dict[str, Any]] = json.loads((FOLDER / "labels.json").read_text(encoding="utf-8"))
    return [_program(name, label) for name, label in labels.items()]


def _program(name: str, label: Mapping[str, Any]) -> Program:
    several = {key: tuple(label[key]) for key in ("expected", "channels", "status") if key in label}
    return Program(name=name, **{**label, **several})


def sample(programs: Sequence[Program]) -> list[Program]:
    """Take the fixed sample of every test run: the first of each family that are not slow, and more of the hostile."""
    taken: list[Program] = []
    for family in dict.fromkeys((program.group, program.family) for program in programs):
        quick = [p for p in programs if (p.group, p.family) == family and not _is_slow(p)]
        taken += quick[: _SAMPLED_FAMILIES if family[0] == "dangerous" else 1]
    return taken


def _is_slow(program: Program) -> bool:
    return "timeout" in program.status and program.timeout_s > _SLOW_S


def aimed(code: str, targets: Mapping[str, str], variables: Mapping[str, str]) -> str:
    """Point a program at what is really there, and let its EPICS clients know where the IOC is."""
    for stand_in, real in targets.items():
        code = code.replace(stand_in, real)
    return f"import os as _os; _os.environ.update({dict(variables)!r})\n{code}"
