"""A rehearsal kept in its run's folder, until a person has decided; then the observe pass that follows it."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cattrs
from attrs import evolve

from osprey.control import ApplyReport, WriteBatch, WriteItem
from osprey.errors import StorageError
from osprey.services.python_executor import RunJob, RunMode, RunOutcome, WriteAnswer
from osprey.services.python_executor.record import write_private

if TYPE_CHECKING:
    from osprey.services.python_executor import IntendedWrite

_FILE = "rehearsal.json"

_converter = cattrs.Converter()
_converter.register_unstructure_hook(Path, str)
_converter.register_structure_hook(Path, lambda value, _: Path(str(value)))


def save_rehearsal(job: RunJob, outcome: RunOutcome) -> None:
    """Keep what was run and what it did, in the run's own private folder."""
    kept: dict[str, Any] = {"job": _converter.unstructure(job), "outcome": _converter.unstructure(outcome)}
    write_private(outcome.folder / _FILE, json.dumps(kept).encode())


def load_rehearsal(folder: Path) -> tuple[RunJob, RunOutcome]:
    """Give back what `save_rehearsal` kept.

    :raises StorageError: the file is gone, or is not what was kept there.
    """
    path = folder / _FILE
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        return _converter.structure(kept["job"], RunJob), _converter.structure(kept["outcome"], RunOutcome)
    except (OSError, ValueError, LookupError, TypeError, cattrs.BaseValidationError) as exc:
        msg = f"the rehearsal kept in {path} cannot be read, so the script's later readings cannot be made: {exc}"
        raise StorageError(msg) from exc


def bound_of(job: RunJob, outcome: RunOutcome) -> dict[str, Any]:
    """Give what the hashed document of a rehearsed script holds beside its writes."""
    return {
        "code_sha256": hashlib.sha256(job.code.encode()).hexdigest(),
        "rehearsed_reads": len(outcome.rehearsed_reads),
    }


def shown_of(job: RunJob, outcome: RunOutcome) -> dict[str, Any]:
    """Give what is shown beside it, and where the rehearsal is kept."""
    return {
        "code": job.code,
        "folder": str(outcome.folder),
        "tier": outcome.tier,
        "warnings": list(outcome.warnings),
    }


def batch_of(target: str, writes: Sequence[IntendedWrite]) -> WriteBatch:
    """Give the writes that a script intended, as the guard judges them."""
    groups: dict[int, list[WriteItem]] = {}
    for write in writes:
        item = WriteItem(channel=write.channel, value=write.value, unit=write.unit, line=write.line)
        groups.setdefault(write.group, []).append(item)
    return WriteBatch(target=target, groups=tuple(tuple(groups[number]) for number in sorted(groups)))


def discard_run(folder: Path) -> None:
    """Remove the folder of a rehearsal that nothing refers to."""
    shutil.rmtree(folder)


def observation_of(job: RunJob, rehearsed: RunOutcome, report: ApplyReport) -> RunJob:
    """Give the job that runs the rehearsed code again, without a right to write, after its writes were made."""
    rows = groupby(report.items, key=lambda item: item.group)
    answers = tuple(
        tuple(WriteAnswer(channel=item.name, outcome=item.outcome, reason=item.reason) for item in items)
        for _, items in rows
    )
    return evolve(
        job,
        mode=RunMode.OBSERVE,
        folder=rehearsed.folder,
        recording=rehearsed.recording,
        ledger_answers=answers,
    )
