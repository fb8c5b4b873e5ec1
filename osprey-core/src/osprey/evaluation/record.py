"""What a run has seen so far, line by line on the disk: a run that was stopped goes on from there."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, Final

import attrs
import cattrs
from attrs import frozen

from osprey.errors import StorageError, UsageError
from osprey.evaluation.observations import Observation
from osprey.evaluation.runs import Run

_FILE: Final = "observations.jsonl"


def identity_of(run: Run) -> dict[str, Any]:
    """Give what has to be the same for a run to go on: another set or planner makes other answers."""
    return {
        "run": run.name,
        "set": run.requests.title,
        "sha256": run.requests.sha256,
        "target": run.file.target,
        "planner": run.planner,
        "configuration": run.configuration,
    }


@frozen
class RunRecord:
    """The observations of one run, in one folder."""

    path: Path
    seen: dict[tuple[str, int], Observation]

    def add(self, observation: Observation) -> None:
        """Keep an observation; it is on the disk when this returns."""
        _append(self.path, attrs.asdict(observation))
        self.seen[observation.entry, observation.repetition] = observation


def open_record(folder: Path, run: Run) -> RunRecord:
    """Open the record in `folder`, or begin one.

    :raises UsageError: the folder holds the record of another run.
    :raises StorageError: a line cannot be read, or the folder cannot be made.
    """
    path = folder / _FILE
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    except OSError as exc:
        msg = f"{folder} cannot be used for the report ({exc.strerror}): name another folder"
        raise StorageError(msg) from exc
    if not lines:
        _append(path, identity_of(run))
        return RunRecord(path, {})
    if _read(path, 1, lines[0]) != identity_of(run):
        msg = f"{path} is the record of another run (another set, target or project): name another folder, or remove it"
        raise UsageError(msg)
    if not path.read_bytes().endswith(b"\n"):
        lines = _without_torn(path, lines)
    found = [_observation(path, number, line) for number, line in enumerate(lines[1:], start=2)]
    return RunRecord(path, {(each.entry, each.repetition): each for each in found})


def _without_torn(path: Path, lines: list[str]) -> list[str]:
    """Leave out the last line, which a kill tore; its request is asked again."""
    kept = lines[:-1]
    path.write_text("".join(f"{line}\n" for line in kept), encoding="utf-8")
    return kept


def _append(path: Path, plain: dict[str, Any]) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(plain, ensure_ascii=False) + "\n")
        file.flush()
        os.fsync(file.fileno())


def _read(path: Path, number: int, line: str) -> Any:
    try:
        return json.loads(line)
    except ValueError as exc:
        msg = f"{path}, line {number} is damaged: remove the file, and the run begins anew"
        raise StorageError(msg) from exc


def _observation(path: Path, number: int, line: str) -> Observation:
    try:
        return cattrs.structure(_read(path, number, line), Observation)
    except (cattrs.BaseValidationError, KeyError, TypeError, ValueError) as exc:
        msg = f"{path}, line {number} is no observation of this version: remove the file, and the run begins anew"
        raise StorageError(msg) from exc
