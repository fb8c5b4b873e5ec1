"""The record of a run: a private folder with code, plan, results, figures, output and a notebook."""

from __future__ import annotations

import json
import os
import platform
import re
import secrets
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from attrs import field, frozen

from osprey.control.requests import ApplyReport
from osprey.services.python_executor._serialization import to_json
from osprey.services.python_executor.models import RunOutcome

_LONGEST_SLUG = 48
INPUTS_FILE = "inputs.json"


@frozen(kw_only=True)
class RunRecord:
    """What is to be remembered of a run."""

    title: str
    question: str
    """What the person asked, in their words."""
    code: str
    outcome: RunOutcome | None = None
    """The run whose results count: the only one, or the observe pass. None: nothing ran to an end."""
    rehearsal: RunOutcome | None = None
    plan: Mapping[str, Any] | None = None
    """The document that was approved or refused, as it was hashed."""
    decision: str = ""
    """Who decided what, and why, in one sentence."""
    report: ApplyReport | None = None
    """What became of each approved write."""
    answer: str = ""
    """What the results say, in words, a line each."""
    root: Path | None = None
    """The project's folder and the target: for running the code again."""
    target: str | None = None
    inputs: Mapping[str, Any] = field(factory=dict[str, Any])
    """What the code was given of earlier steps."""


def new_run_folder(state_dir: Path, name: str) -> Path:
    """Make a private folder for one run; the same name twice gives two folders."""
    runs = runs_folder(state_dir)
    runs.mkdir(mode=0o700, parents=True, exist_ok=True)
    day = datetime.now(UTC).strftime("%Y-%m-%d")
    folder = runs / f"{day}_{slug_of(name)}_{secrets.token_hex(4)}"
    folder.mkdir(mode=0o700)
    return folder


def runs_folder(state_dir: Path) -> Path:
    """Give the folder of all runs, which may not be there yet."""
    return state_dir / "runs"


def slug_of(name: str) -> str:
    """Reduce a name to what is safe in a path everywhere."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:_LONGEST_SLUG].strip("-") or "run"


def write_figures(folder: Path, images: Sequence[bytes]) -> tuple[str, ...]:
    """Put the figures of a run into its folder, in place of those of an earlier pass."""
    figures = folder / "figures"
    figures.mkdir(mode=0o700, exist_ok=True)
    for old in figures.glob("figure_*.png"):
        old.unlink()
    names: list[str] = []
    for number, image in enumerate(images, start=1):
        name = f"figure_{number:02}.png"
        write_private(figures / name, image)
        names.append(f"figures/{name}")
    return tuple(names)


def write_record(folder: Path, record: RunRecord) -> Path:
    """Write everything, and give the notebook's path."""
    from osprey.services.python_executor.notebook import build_notebook

    write_private(folder / "code.py", record.code.encode())
    _write_json(folder / "plan.json", _plan_of(record))
    outcome = record.outcome
    _write_json(folder / "results.json", None if outcome is None else outcome.results)
    _write_json(folder / "run.json", _run_of(record))
    if record.inputs:
        _write_json(folder / INPUTS_FILE, _finite(record.inputs))
    write_private(folder / "stdout.txt", b"" if outcome is None else outcome.stdout.encode())
    notebook = folder / "notebook.ipynb"
    write_private(notebook, build_notebook(folder, record).encode())
    return notebook


def write_private(path: Path, data: bytes) -> None:
    """Write a file that only its owner reads, without following a link that lies in its place."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
    with os.fdopen(os.open(path, flags, 0o600), "wb") as file:
        file.write(data)


def _write_json(path: Path, value: object) -> None:
    text = json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False)
    write_private(path, (text + "\n").encode())


def _plan_of(record: RunRecord) -> dict[str, Any]:
    rehearsal = record.rehearsal
    return {
        "document": None if record.plan is None else dict(record.plan),
        "decision": record.decision,
        "intended_writes": [] if rehearsal is None else to_json(rehearsal.writes),
        "rehearsed_reads": [] if rehearsal is None else _finite(to_json(rehearsal.rehearsed_reads)),
        "replayable": None if rehearsal is None else rehearsal.replayable,
        "why_not": "" if rehearsal is None else rehearsal.why_not,
        "report": None if record.report is None else _finite(to_json(record.report)),
    }


def _run_of(record: RunRecord) -> dict[str, Any]:
    run: dict[str, Any] = {}
    if record.outcome is not None:
        run = _finite(to_json(record.outcome))
        for kept_elsewhere in ("results", "stdout", "recording"):
            del run[kept_elsewhere]
    return {"title": record.title, "question": record.question, "run": run, "versions": versions()}


def versions() -> dict[str, str]:
    """Give the versions of what stands behind a result."""
    found = {"python": platform.python_version(), "kernel": platform.release()}
    for name in ("osprey-core", "numpy", "matplotlib"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _finite(value: Any) -> Any:
    """Make strict JSON of readings: a device's NaN becomes null."""
    if isinstance(value, float):
        return value if abs(value) < float("inf") else None
    if isinstance(value, Mapping):
        return {str(key): _finite(item) for key, item in value.items()}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]  # pyright: ignore[reportUnknownVariableType]
    return value
