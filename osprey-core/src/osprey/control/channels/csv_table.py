"""A channel list as a table: a header with the names of keys, then one channel a row."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from osprey.control.channels.entries import CHECKS, unknown_key
from osprey.errors import ConfigError

_LISTS: Final = ("family_words", "aliases", "labels")
_NUMBERS: Final = {"sector": int, "length": int, "position_m": float}
_SEPARATOR: Final = ";"


def entries_of_table(path: Path, text: str) -> list[dict[str, Any]]:
    """Read the rows as entries; an empty cell states nothing, lists are separated by ``;``.

    :raises ConfigError: the header names an unknown key, or a row has more cells than the header.
    """
    rows = csv.reader(text.removeprefix("\ufeff").splitlines(keepends=True), strict=True)
    try:
        first: list[str] = next(rows, [""])
        header = [cell.strip() for cell in first if first != [""]]
        _check_header(path, header)
        return list(_entries(path, header, rows))
    except csv.Error as exc:
        msg = f"{path}: line {rows.line_num}: not a table of comma-separated values: {exc}"
        raise ConfigError(msg) from exc


def _check_header(path: Path, header: list[str]) -> None:
    for key in header:
        if key not in CHECKS:
            msg = f"{path}: the header: {unknown_key(key)}"
            raise ConfigError(msg)
    if len(set(header)) < len(header):
        msg = f"{path}: the header names a key twice"
        raise ConfigError(msg)


def _entries(path: Path, header: list[str], rows: Iterator[list[str]]) -> Iterator[dict[str, Any]]:
    for number, cells in enumerate(rows, start=2):
        if len(cells) > len(header):
            width = f"{len(cells)} cells, the header {len(header)}"
            msg = f"{path}: row {number} has {width}; put a text with commas in quotes"
            raise ConfigError(msg)
        filled = {key: _value(key, cell.strip()) for key, cell in zip(header, cells, strict=False) if cell.strip()}
        if filled:
            yield filled


def _value(key: str, cell: str) -> Any:
    if key in _LISTS:
        return [part.strip() for part in cell.split(_SEPARATOR) if part.strip()]
    try:
        return _NUMBERS[key](cell) if key in _NUMBERS else cell
    except ValueError:
        return cell  # the check of the entry says what it should be
