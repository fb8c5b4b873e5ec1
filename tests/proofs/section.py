"""A section of the page of proofs, and what is the same for all of them."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from attrs import frozen

SEED: Final = 20261130
MEMORY: Final = Path("/dev/shm")


@frozen
class Section:
    """What one proof showed: Markdown that begins with its heading."""

    text: str
    is_broken: bool


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Give a table in Markdown."""
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    return "\n".join([*lines, *(f"| {' | '.join(map(str, row))} |" for row in rows)])


def told(faults: Sequence[object], good: str) -> str:
    """Say what was wrong, the first of it at least; `good` if nothing was."""
    return f"**BROKEN**: {'; '.join(map(str, faults[:5]))}" if faults else good


def folder_on_disk() -> Path:
    """Give an empty folder where a sync is a sync."""
    return Path(tempfile.mkdtemp(prefix="osprey-proof-"))


def folder_in_memory() -> Path:
    """Give an empty folder in memory where there is one: for proofs in which it does not matter where it lies."""
    return Path(tempfile.mkdtemp(prefix="osprey-proof-", dir=MEMORY if MEMORY.is_dir() else None))
