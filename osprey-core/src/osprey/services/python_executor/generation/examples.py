"""Code that has worked here before: the recorded runs that are most like a task."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from attrs import frozen

from osprey.services.python_executor.record import runs_folder

_MOST_RUNS: Final = 300
"""The latest ones; older code was written for an older machine."""
_MOST_SHOWN: Final = 2
_LONGEST: Final = 6_000
_WORD: Final = re.compile(r"[a-z]{4,}")


@frozen(kw_only=True)
class Example:
    """A run that ended well."""

    title: str
    code: str


def find_examples(state_dir: Path, task: str) -> list[Example]:
    """Give the runs whose task shares most words with `task`, the best first; none that shares nothing.

    Reads files; call it in a thread.
    """
    wanted = set(_WORD.findall(task.lower()))
    scored = [(len(wanted & set(_WORD.findall(one.title.lower()))), one) for one in _ended_well(state_dir)]
    best = sorted((pair for pair in scored if pair[0]), key=lambda pair: pair[0], reverse=True)
    found: dict[str, Example] = {}
    for _, example in best:
        found.setdefault(example.code, example)
    return list(found.values())[:_MOST_SHOWN]


def _ended_well(state_dir: Path) -> Iterator[Example]:
    folders = sorted(runs_folder(state_dir).glob("*/run.json"), reverse=True)[:_MOST_RUNS]
    for file in folders:
        example = _read(file)
        if example is not None:
            yield example


def _read(file: Path) -> Example | None:
    """Give the run of a record; None if it did not end well, or cannot be read: it is only an example."""
    try:
        facts = json.loads(file.read_text(encoding="utf-8"))
        code = file.with_name("code.py").read_text(encoding="utf-8")
        title, status = str(facts["title"]), facts["run"].get("status")
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return None
    return Example(title=title, code=code) if status == "done" and len(code) <= _LONGEST else None
