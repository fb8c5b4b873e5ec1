"""`osprey trace`: the parts of a turn, and how long each took."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import anyio
import click

from osprey.cli.context import cli_project
from osprey.cli.thread_commands import require_turn
from osprey.config.masking import masking_of
from osprey.errors import UsageError
from osprey.printable import printable
from osprey.sessions import Span, TurnRow, threads_of, traces_of
from osprey.telemetry import TurnSpans, otlp_document

_BAR: Final = 24
"""Cells of the bar of the whole turn."""


@click.group()
def trace() -> None:
    """Show what a turn did and how long each part took."""


@trace.command("show")
@click.argument("thread")
@click.option("--turn", "number", type=click.IntRange(min=1), help="The turn's number; without it the newest.")
@click.option("--json", "as_json", is_flag=True, help="Print an object.")
@click.option(
    "--export",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the trace to FILE too, as JSON of OpenTelemetry (OTLP).",
)
def show_trace(thread: str, number: int | None, as_json: bool, export: Path | None) -> None:
    """Draw the trace of a turn: a line a part, indented below the part that it belongs to."""
    turn, spans, document = anyio.run(_load, thread, number)
    if export is not None:
        _write(export, document)
    if as_json:
        click.echo(json.dumps({"turn": turn.turn, "spans": [_plain(span) for span in spans]}, ensure_ascii=False))
        return
    click.echo(f"{turn.thread} turn {turn.number}: {printable(turn.asked)} ({turn.status})")
    if not spans:
        click.echo("Nothing of it was recorded: its process died.", err=True)
    for line in draw(spans):
        click.echo(line)


def _write(file: Path, document: Mapping[str, Any]) -> None:
    try:
        file.write_text(json.dumps(document, indent=1) + "\n", encoding="ascii")
    except OSError as exc:
        msg = f"{file} cannot be written: {exc.strerror}; name a file in a folder that is there and can be written"
        raise UsageError(msg) from exc
    click.echo(f"wrote {file}", err=True)


async def _load(thread: str, number: int | None) -> tuple[TurnRow, list[Span], dict[str, Any]]:
    async with cli_project(needs_plugins=False) as project:
        await threads_of(project).get(thread)
        turn = require_turn(await threads_of(project).turns(thread), thread, number)
        spans = await traces_of(project).of(turn.turn)
        document = otlp_document(
            TurnSpans(thread=turn.thread, turn=turn.turn, spans=spans),
            service_name=project.config.telemetry.service_name,
            mask=masking_of(project.config.document, os.environ),
        )
        return turn, spans, document


def draw(spans: Sequence[Span]) -> list[str]:
    """Give a line for each span: a bar where it lies in the turn, its time, its name and what is known of it."""
    if not spans:
        return []
    begun, ended = min(span.begun_ns for span in spans), max(span.ended_ns for span in spans)
    known = {span.id for span in spans}
    below: dict[str, list[Span]] = {}
    for span in spans:
        below.setdefault(span.parent if span.parent in known else "", []).append(span)
    return [_line(span, depth, begun, max(1, ended - begun)) for depth, span in _walk(below, "", 0)]


def _walk(below: Mapping[str, Sequence[Span]], parent: str, depth: int) -> Iterator[tuple[int, Span]]:
    for span in below.get(parent, ()):
        yield depth, span
        yield from _walk(below, span.id, depth + 1)


def _line(span: Span, depth: int, begun_ns: int, whole_ns: int) -> str:
    start = int((span.begun_ns - begun_ns) * _BAR / whole_ns)
    length = max(1, round((span.ended_ns - span.begun_ns) * _BAR / whole_ns))
    bar = " " * min(start, _BAR - 1) + "━" * min(length, _BAR - min(start, _BAR - 1))
    about = "".join(f" {name}={printable(str(value))}" for name, value in span.about.items())
    status = "" if span.status == "ok" else f"  {printable(span.status)}"
    took_ms = (span.ended_ns - span.begun_ns) / 1e6
    return f"{bar:<{_BAR}} {took_ms:10.1f} ms  {'  ' * depth}{printable(span.name)}{about}{status}"


def _plain(span: Span) -> dict[str, Any]:
    return {
        "id": span.id,
        "parent": span.parent,
        "name": span.name,
        "begun_ns": span.begun_ns,
        "ended_ns": span.ended_ns,
        "status": span.status,
        "about": dict(span.about),
    }
