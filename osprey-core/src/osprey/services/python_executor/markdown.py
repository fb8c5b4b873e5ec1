"""Markdown from texts that are not ours: a name, a question or a reason reads as it is, and is never markup."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence

_SPECIAL = re.compile(r"([\\`*_{}\[\]()#+\-.!|~$:@])")
_CONTROL = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_LONGEST_CELL = 80


def escape(text: object) -> str:
    """Give a text as it reads, whatever it contains: no markup, no HTML, no links, no control codes."""
    plain = " ".join(_CONTROL.sub("", str(text)).split())
    return _SPECIAL.sub(r"\\\1", html.escape(plain, quote=False))


def printable(text: str) -> str:
    """Take control codes out of what a program printed; lines stay."""
    return _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def table(titles: Sequence[str], rows: Iterable[Sequence[object]]) -> list[str]:
    """Write a table, line by line; a column that is empty in all rows is left out."""
    cells = [[_cell(value) for value in row] for row in rows]
    kept = [place for place in range(len(titles)) if any(row[place] for row in cells)]
    lines = [[titles[place] for place in kept], ["---"] * len(kept), *([row[place] for place in kept] for row in cells)]
    return [f"| {' | '.join(line)} |" for line in lines]


def _cell(value: object) -> str:
    if value is None or isinstance(value, bool | int | float):
        return "" if value is None else str(value)
    text = str(value)
    return escape(text if len(text) <= _LONGEST_CELL else text[:_LONGEST_CELL] + " ...")
