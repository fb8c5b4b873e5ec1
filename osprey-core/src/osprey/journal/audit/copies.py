"""Copies of the audit, to be kept where nobody who can change the audit can change them.

A copy is lines of JSON: a head that is sealed with the audit's key and says what the copy holds, then the rows as they
are sealed. Checked later, it finds what the project's own files cannot show. The other form, CSV, is for reading only.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from enum import StrEnum
from typing import IO, Any, Final

from sqlalchemy import Connection

from osprey.journal.audit.seal import FIRST_SEAL, SEALED_COLUMNS, seal_values
from osprey.journal.audit.verification import stored_rows

FORMAT: Final = "osprey audit copy 1"
COLUMNS: Final = (*SEALED_COLUMNS, "mac")
_FROM: Final = f"SELECT {', '.join(COLUMNS)} FROM audit WHERE seq >= {{}} ORDER BY seq"  # noqa: S608 - our own names
_WHAT: Final = "copy of the audit"
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
"""What begins a text that a spreadsheet would carry out."""


class CopyForm(StrEnum):
    """The form of a copy."""

    JSONL = "jsonl"
    CSV = "csv"


def write_copy(
    connection: Connection,
    key: bytes,
    anchored: tuple[int, str] | None,
    file: IO[str],
    form: CopyForm,
    since_ns: int | None = None,
) -> int:
    """Write the rows from the first one since then on, with their seals; give how many there were.

    :param anchored: the anchor's newest line.
    """
    head = _head(connection, anchored, since_ns)
    rows = stored_rows(connection, _FROM.format(head["first"]))
    if form is CopyForm.CSV:
        _write_csv(file, rows, anchored)
    else:
        file.write(_line({**head, "seal": seal_of_head(key, head)}))
        file.writelines(_line(dict(zip(COLUMNS, row, strict=True))) for row in rows)
    return int(head["rows"])


def seal_of_head(key: bytes, head: dict[str, Any]) -> str:
    """Give the seal over everything else that a head says."""
    told = {name: value for name, value in head.items() if name != "seal"}
    return seal_values(key, _WHAT, (json.dumps(told, sort_keys=True),))


def _head(connection: Connection, anchored: tuple[int, str] | None, since_ns: int | None) -> dict[str, Any]:
    def ask(query: str, *values: Any) -> Any:
        return connection.exec_driver_sql(query, values).scalar()

    first = ask("SELECT min(seq) FROM audit WHERE ns >= ?", since_ns) if since_ns is not None else 1
    first = ask("SELECT coalesce(max(seq), 0) + 1 FROM audit") if first is None else first
    rows = ask("SELECT count(*) FROM audit WHERE seq >= ?", first)
    last = ask("SELECT max(seq) FROM audit WHERE seq >= ?", first)
    return {
        "format": FORMAT,
        "written": datetime.now(UTC).isoformat(timespec="seconds"),
        "first": first,
        "last": last,
        "rows": rows,
        "before": str(ask("SELECT mac FROM audit WHERE seq = ?", first - 1) or FIRST_SEAL),
        "end": str(ask("SELECT mac FROM audit WHERE seq = ?", last) or ""),
        "anchor": None if anchored is None else f"{anchored[0]} {anchored[1]}".strip(),
    }


def _line(told: dict[str, Any]) -> str:
    return json.dumps(told, default=repr) + "\n"


def _write_csv(file: IO[str], rows: Iterator[tuple[Any, ...]], anchored: tuple[int, str] | None) -> None:
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(("row", "time", *COLUMNS[1:]))
    for row in rows:
        writer.writerow([row[0], _utc(row[1]), *(_cell(value) for value in row[1:])])
    if anchored is not None:
        # The last line is no row: it is what the anchor's last line says.
        writer.writerow([anchored[0], *[""] * 6, "(anchor)", "", "", anchored[1]])


def _cell(value: Any) -> Any:
    text = value if isinstance(value, str) else None
    if text is None:
        return value if isinstance(value, int) else repr(value)
    shown = text.encode("utf-8", "backslashreplace").decode()
    return f"'{shown}" if shown.startswith(_FORMULA) else shown


def _utc(time_ns: Any) -> str:
    if not isinstance(time_ns, int):
        return ""
    return datetime.fromtimestamp(time_ns / 1e9, tz=UTC).isoformat(timespec="milliseconds")
