"""The inbox as a table, and a request as the JSON that every listing prints."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from osprey.approval.agreement import told_of_needs
from osprey.approval.decisions import short_hash
from osprey.journal import RequestState
from osprey.printable import printable

if TYPE_CHECKING:
    from osprey.journal import RequestRow

UNFINISHED = (RequestState.PENDING, RequestState.APPROVED, RequestState.CLAIMED, RequestState.IN_DOUBT)
"""What the inbox shows without `--all`."""
_UNITS = (("d", 86_400), ("h", 3_600), ("min", 60))
_HEAD = ("id", "hash", "state", "kind", "asked by", "votes", "ends in", "title", "risk")


def plain_request(row: RequestRow, votes: int) -> dict[str, Any]:
    """Give the fields that every listing of requests shows."""
    return {
        "id": row.id,
        "kind": row.kind,
        "title": row.title,
        "hash": row.sha256,
        "thread": row.thread,
        "state": row.state.value,
        "risk": row.risk,
        "created": utc(row.created_ns),
        "expires": utc(row.expires_ns),
        "needs": told_of_needs(row.needs) if row.state is RequestState.PENDING else "",
        "requester": row.requester,
        "votes": votes,
        "persons": row.needs.persons,
        "supersedes": row.supersedes,
    }


def print_requests(rows: Sequence[RequestRow], votes: Mapping[str, int]) -> None:
    """Print one line a request, under a head."""
    now_ns = time.time_ns()
    cells = [_HEAD, *(_cells(row, votes[row.id], now_ns) for row in rows)]
    widths = [max(len(cell) for cell in column) for column in zip(*cells, strict=True)]
    for line in cells:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def _cells(row: RequestRow, votes: int, now_ns: int) -> tuple[str, ...]:
    said = f"{votes} of {row.needs.persons}"
    ends = time_left(row.expires_ns, now_ns) if row.state in (RequestState.PENDING, RequestState.APPROVED) else ""
    fixed = (row.id, short_hash(row.sha256), row.state.replace("_", " "))
    texts = tuple(map(printable, (row.kind, row.requester)))
    title = f"{row.title} (in place of {row.supersedes})" if row.supersedes else row.title
    return (*fixed, *texts, said, ends, printable(title), printable(row.risk))


def time_left(end_ns: int, now_ns: int | None = None) -> str:
    """Give how long it is until then, in the unit that suits it."""
    seconds = (end_ns - (time.time_ns() if now_ns is None else now_ns)) / 1e9
    if seconds <= 0:
        return "over"
    # Rounded down: nobody is told of time that is not there.
    return next((f"{int(seconds // size)} {unit}" for unit, size in _UNITS if seconds >= 2 * size), f"{int(seconds)} s")


def utc(time_ns: int) -> str:
    """Give a time as JSON has it, to the second; one that no calendar has, from a damaged row, as its number."""
    try:
        return datetime.fromtimestamp(time_ns / 1e9, tz=UTC).isoformat(timespec="seconds")
    except (ValueError, OverflowError, OSError):
        return f"{time_ns} ns"
