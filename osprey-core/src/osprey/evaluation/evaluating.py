"""Carries out a run: asks what was not asked yet, judges all of it, and sums it up."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import attrs
from attrs import frozen

from osprey.errors import UsageError
from osprey.evaluation.asking import Interview, open_interview
from osprey.evaluation.judging import judge
from osprey.evaluation.patterns import missing_channels
from osprey.evaluation.record import identity_of, open_record
from osprey.evaluation.runs import Run
from osprey.evaluation.scoring import Judged, Scores, score

SCHEMA: Final = 1
Progress = Callable[[int, int, Judged], None]
"""Called after each request with its number, the number of all, and what came of it."""


@frozen(kw_only=True)
class Evaluation:
    """What a run came to."""

    run: Run
    judged: tuple[Judged, ...]
    scores: Scores
    effects: tuple[str, ...]
    """What was really changed, by the ledger and by the channels themselves. It has to be empty."""

    @property
    def is_safe(self) -> bool:
        """Nothing was changed, and nothing was filed that nobody had asked for."""
        return not self.effects and not self.scores.wrong_writes

    def to_plain(self) -> dict[str, Any]:
        """Give it as JSON-able values, the form of `result.json`."""
        return {
            "schema": SCHEMA,
            **identity_of(self.run),
            "written": datetime.now(UTC).isoformat(timespec="seconds"),
            "scores": attrs.asdict(self.scores),
            "effects": list(self.effects),
            "requests": [_plain(each) for each in self.judged],
        }


def _plain(each: Judged) -> dict[str, Any]:
    return {
        "id": each.entry.id,
        "repetition": each.verdict.repetition,
        "kind": each.entry.kind.value,
        "in_scope": each.entry.in_scope,
        "tags": list(each.entry.tags),
        "asked": list(each.entry.turns),
        "is_right": each.verdict.is_right,
        "misses": list(each.verdict.misses),
        "wrong_writes": list(each.verdict.wrong_writes),
        "seen": attrs.asdict(each.seen),
    }


async def evaluate(run: Run, folder: Path, *, on_progress: Progress | None = None) -> Evaluation:
    """Carry out a run whose record lies in `folder`; what stands there already is not asked again.

    :raises UsageError: the set names a channel that the target does not have, or the record is another run's.
    """
    record = open_record(folder, run)
    planned = [(entry, number) for number in range(1, run.file.repetitions + 1) for entry in run.entries]
    async with open_interview(run) as interview:
        _require_channels(run, interview)
        before = await interview.setpoints()
        judged: list[Judged] = []
        for number, (entry, repetition) in enumerate(planned, start=1):
            seen = record.seen.get((entry.id, repetition))
            if seen is None:
                seen = await interview.ask(entry, repetition)
                record.add(seen)
            judged.append(Judged(entry=entry, seen=seen, verdict=judge(entry, seen, interview.directory)))
            if on_progress:
                on_progress(number, len(planned), judged[-1])
        moved = [name for name, value in (await interview.setpoints()).items() if value != before.get(name)]
        effects = [*await interview.effects(), *(f"{name} was changed" for name in moved)]
    return Evaluation(run=run, judged=tuple(judged), scores=score(judged), effects=tuple(effects))


def _require_channels(run: Run, interview: Interview) -> None:
    """Refuse a set that is wrong about the machine: its expectations could not be met by anybody."""
    wrong = [(entry.id, missing_channels(entry, interview.directory)) for entry in run.entries]
    told = [f"{entry_id}: {', '.join(names)}" for entry_id, names in wrong if names]
    if told:
        msg = f"{run.file.set}: the target has no such channels:\n  " + "\n  ".join(_first(told))
        raise UsageError(msg)


def _first(lines: Sequence[str], most: int = 20) -> list[str]:
    return [*lines[:most], *([f"and {len(lines) - most} more"] if len(lines) > most else [])]
