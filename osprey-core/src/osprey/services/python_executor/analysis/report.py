"""What an analysis finds. It advises people and generators; it grants nothing."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from attrs import field, frozen


class Verdict(StrEnum):
    """What a text would do to a machine, as far as reading it tells."""

    READS_ONLY = "reads_only"
    WRITES = "writes"
    CANNOT_TELL = "cannot_tell"


@frozen(kw_only=True, order=True)
class Access:
    """One place that reads or writes."""

    line: int
    library: str
    call: str
    channel: str | None = None
    """The channel, or channels joined by a comma, where constant or simply derived; braces hold what is not."""


@frozen(kw_only=True, order=True)
class Remark:
    """One place that a reviewer should look at."""

    line: int
    kind: str
    message: str


@frozen(kw_only=True)
class Analysis:
    """All that was found in one text."""

    verdict: Verdict
    writes: tuple[Access, ...] = ()
    reads: tuple[Access, ...] = ()
    doubts: tuple[Remark, ...] = ()
    """Why it cannot be told."""
    dangers: tuple[Remark, ...] = ()
    deceptive: tuple[Remark, ...] = ()
    unused: tuple[Access, ...] = ()
    """Writes in functions that nothing in the text calls."""
    sets_results: bool = True
    """False if no `results` is ever set."""

    @property
    def may_write(self) -> bool:
        """Say whether a person has to look before it runs with a right to write."""
        return self.verdict is not Verdict.READS_ONLY

    def to_plain(self) -> dict[str, Any]:
        """Give it as JSON has it."""
        return {
            "verdict": self.verdict.value,
            "writes": [_plain_access(access) for access in self.writes],
            "reads": [_plain_access(access) for access in self.reads],
            "doubts": [_plain_remark(remark) for remark in self.doubts],
            "dangers": [_plain_remark(remark) for remark in self.dangers],
            "deceptive": [_plain_remark(remark) for remark in self.deceptive],
            "unused": [_plain_access(access) for access in self.unused],
            "sets_results": self.sets_results,
        }


@frozen(kw_only=True)
class Findings:
    """What an analyser of a plugin adds; none of it takes anything away."""

    verdict: Verdict = Verdict.READS_ONLY
    writes: tuple[Access, ...] = ()
    reads: tuple[Access, ...] = ()
    doubts: tuple[Remark, ...] = field(default=())
    dangers: tuple[Remark, ...] = ()


def strictest(*verdicts: Verdict) -> Verdict:
    """Combine verdicts: a write that is seen is named as one, and a doubt outlives every reassurance."""
    if Verdict.WRITES in verdicts:
        return Verdict.WRITES
    return Verdict.CANNOT_TELL if Verdict.CANNOT_TELL in verdicts else Verdict.READS_ONLY


def _plain_access(access: Access) -> dict[str, Any]:
    return {"line": access.line, "library": access.library, "call": access.call, "channel": access.channel}


def _plain_remark(remark: Remark) -> dict[str, Any]:
    return {"line": remark.line, "kind": remark.kind, "message": remark.message}
