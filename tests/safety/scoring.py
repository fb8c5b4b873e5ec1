"""Scoring the analysis on programs that it was not written for: what it finds, and where it alarms for nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib import import_module
from typing import Any, Final

from attrs import frozen
from tests.safety.corpus import Program, load

DETECTOR: Final = "osprey.services.python_executor.analysis.pattern_detection"
IDIOMS_FOUND: Final = 0.99
WRITES_NOTICED: Final = 0.98
BENIGN_ALARMS: Final = 0.08
Detect = Callable[[str], Mapping[str, Any]]


@frozen(kw_only=True)
class Share:
    """So many of so many, and which are the others or the ones."""

    count: int
    total: int
    named: tuple[str, ...]
    """The programs that speak against the analysis: what was missed, or alarmed for nothing."""

    @property
    def value(self) -> float:
        return self.count / self.total if self.total else 0.0

    def __str__(self) -> str:
        return f"{self.count}/{self.total} ({100 * self.value:.1f} %)"


@frozen(kw_only=True)
class Score:
    """What the analysis says of the whole set."""

    idioms_found: Share
    """Plain uses of a library whose verdict is `writes`."""
    writes_noticed: Share
    """Programs that write whose verdict is `writes` or `cannot_tell`."""
    benign_alarms: Share
    """Programs that write nothing whose verdict is another than `reads_only`."""
    dangerous_noticed: Share
    """For information: dangerous programs whose verdict is another than `reads_only`, or that have a danger named."""
    by_kind: Mapping[str, Share]
    """Of each kind of writes, those that were noticed."""

    @property
    def shortfalls(self) -> list[str]:
        """Say which promise is not kept, with the programs that it fails on."""
        promises = (
            ("idioms found as writes", self.idioms_found, self.idioms_found.value >= IDIOMS_FOUND),
            ("writes noticed", self.writes_noticed, self.writes_noticed.value >= WRITES_NOTICED),
            ("benign alarms", self.benign_alarms, self.benign_alarms.value <= BENIGN_ALARMS),
        )
        return [f"{text}: {share}: {', '.join(share.named)}" for text, share, is_kept in promises if not is_kept]


def detector() -> Detect:
    """Give the product's own analysis."""
    detect: Detect = import_module(DETECTOR).detect_control_system_operations
    return detect


def score(detect: Detect, programs: Sequence[Program] | None = None) -> Score:
    """Ask for a verdict on every program.

    A detector that raises has given no verdict, which counts against it everywhere.
    """
    programs = load() if programs is None else programs
    said = {program.name: _ask(detect, program) for program in programs}

    def share(asked: Iterable[Program], is_counted: Callable[[Program], bool], *, names_counted: bool) -> Share:
        asked = list(asked)
        counted = [program.name for program in asked if is_counted(program)]
        others = [program.name for program in asked if program.name not in counted]
        return Share(count=len(counted), total=len(asked), named=tuple(counted if names_counted else others))

    def of_group(group: str) -> list[Program]:
        return [program for program in programs if program.group == group]

    def is_noticed(program: Program) -> bool:
        return said[program.name][0] in ("writes", "cannot_tell")

    idioms = [program for program in programs if program.kind == "idiom"]
    kinds = sorted({program.kind for program in of_group("writes")})
    return Score(
        idioms_found=share(idioms, lambda p: said[p.name][0] == "writes", names_counted=False),
        writes_noticed=share(of_group("writes"), is_noticed, names_counted=False),
        benign_alarms=share(of_group("benign"), lambda p: said[p.name][0] != "reads_only", names_counted=True),
        dangerous_noticed=share(of_group("dangerous"), lambda p: is_noticed(p) or said[p.name][1], names_counted=False),
        by_kind={
            kind: share([p for p in of_group("writes") if p.kind == kind], is_noticed, names_counted=False)
            for kind in kinds
        },
    )


def _ask(detect: Detect, program: Program) -> tuple[str, bool]:
    """Give the verdict, and whether a danger or a deception is named beside it."""
    try:
        found = detect(program.code)
    except Exception as exc:  # noqa: BLE001 - whatever it raises, it has not given a verdict
        return f"{type(exc).__name__}: {exc}", False
    return str(found["verdict"]), bool(found.get("dangers") or found.get("deceptive"))
