"""`osprey threads`: what was asked and answered, thread by thread."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

import anyio
import click

from osprey.cli.channel_view import columns
from osprey.cli.context import cli_project
from osprey.errors import UsageError
from osprey.printable import printable, printable_lines
from osprey.sessions import ThreadRow, Threads, TurnRow, threads_of

if TYPE_CHECKING:
    from osprey.project import Project

T = TypeVar("T")


@click.group()
def threads() -> None:
    """List, show, rename, export and delete threads."""


@threads.command("list")
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True, help="The newest ones only.")
@click.option("--json", "as_json", is_flag=True, help="Print an array of objects.")
def list_threads(limit: int, as_json: bool) -> None:
    """List threads, the one that was last used first."""
    rows = _on_threads(lambda store: store.list(limit=limit))
    if as_json:
        click.echo(json.dumps([_plain_thread(row) for row in rows], ensure_ascii=False))
        return
    if not rows:
        click.echo("There is no thread yet: osprey ask 'what is the beam current'", err=True)
        return
    table = [("thread", "last used (UTC)", "turns", "status", "title")]
    table += [
        (row.thread, _utc(row.touched_ns), str(row.turns), row.status or "", printable(row.title)) for row in rows
    ]
    for line in columns(table):
        click.echo(line)


@threads.command("show")
@click.argument("thread")
@click.option("--json", "as_json", is_flag=True, help="Print an object.")
def show_thread(thread: str, as_json: bool) -> None:
    """Show what was said in a thread, and what became of it."""
    row, turns = _on_threads(lambda store: _whole(store, thread))
    if as_json:
        click.echo(json.dumps(_plain_whole(row, turns), ensure_ascii=False))
        return
    click.echo(f"{printable(row.title)}  ({row.thread})")
    for turn in turns:
        click.echo(f"\n{turn.number}. {_utc(turn.begun_ns)} UTC, {turn.status}: {printable_lines(turn.asked)}")
        for line in _body(turn):
            click.echo(f"   {line}")


@threads.command("rename")
@click.argument("thread")
@click.argument("title")
def rename_thread(thread: str, title: str) -> None:
    """Give a thread another title."""
    row = _on_threads(lambda store: store.rename(thread, title))
    click.echo(f"{row.thread} is '{printable(row.title)}' now.")


@threads.command("export")
@click.argument("thread")
@click.option("--format", "form", type=click.Choice(["markdown", "json"]), default="markdown", show_default=True)
def export_thread(thread: str, form: str) -> None:
    """Print a whole thread, to be kept or sent: questions, answers, plans, files."""
    row, turns = _on_threads(lambda store: _whole(store, thread))
    if form == "json":
        click.echo(json.dumps(_plain_whole(row, turns), ensure_ascii=False, indent=1))
    else:
        click.echo("\n".join(_markdown(row, turns)))


@threads.command("delete")
@click.argument("thread")
def delete_thread(thread: str) -> None:
    """Delete a thread with its turns and traces; what was asked to change stays in the journal."""

    async def work(project: Project) -> int:
        from osprey.agent.threads import locked_thread

        async with locked_thread(project, thread):
            return len(await threads_of(project).delete(thread))

    count = _in_project(work)
    click.echo(f"Deleted {thread} with its {count} turn{'' if count == 1 else 's'}.")


async def _whole(store: Threads, thread: str) -> tuple[ThreadRow, list[TurnRow]]:
    return await store.get(thread), await store.turns(thread)


def _on_threads(work: Callable[[Threads], Awaitable[T]]) -> T:
    return _in_project(lambda project: work(threads_of(project)))


def _in_project(work: Callable[[Project], Awaitable[T]]) -> T:
    async def run() -> T:
        async with cli_project(needs_plugins=False) as project:
            return await work(project)

    return anyio.run(run)


def require_turn(turns: list[TurnRow], thread: str, number: int | None) -> TurnRow:
    """Give a turn by its number, the newest without one.

    :raises UsageError: there is none of that number.
    """
    if not turns:
        msg = f"nothing was asked on thread {thread} yet"
        raise UsageError(msg)
    found = turns[-1] if number is None else next((turn for turn in turns if turn.number == number), None)
    if found is None:
        msg = f"thread {thread} has no turn {number}; it has 1 to {turns[-1].number}"
        raise UsageError(msg)
    return found


def _body(turn: TurnRow) -> list[str]:
    end = turn.end
    lines = [f"warning: {told}" for told in end.warnings]
    if end.request:
        lines.append(f"waits for request {end.request}")
    lines += end.answer.splitlines()
    lines += [str(path) for path in end.artifacts]
    return [printable(line) for line in lines]


def _markdown(row: ThreadRow, turns: list[TurnRow]) -> list[str]:
    lines = [f"# {printable(row.title)}", "", f"Thread `{row.thread}`, begun {_utc(row.created_ns)} UTC."]
    for turn in turns:
        lines += ["", f"## {turn.number}. {printable(turn.asked)}", ""]
        lines += [f"{_utc(turn.begun_ns)} UTC, by {turn.asked_by}, target {turn.target}: {turn.status}.", ""]
        lines += [f"    {line}" for line in _body(turn)]
    return lines


def _plain_whole(row: ThreadRow, turns: list[TurnRow]) -> dict[str, Any]:
    return {**_plain_thread(row), "turns": [_plain_turn(turn) for turn in turns]}


def _plain_thread(row: ThreadRow) -> dict[str, Any]:
    return {
        "thread": row.thread,
        "title": row.title,
        "created": _utc(row.created_ns),
        "last_used": _utc(row.touched_ns),
        "turn_count": row.turns,
        "status": row.status,
    }


def _plain_turn(turn: TurnRow) -> dict[str, Any]:
    end = turn.end
    return {
        "number": turn.number,
        "turn": turn.turn,
        "asked": turn.asked,
        "task": end.task,
        "by": turn.asked_by,
        "target": turn.target,
        "begun": _utc(turn.begun_ns),
        "ended": None if turn.ended_ns is None else _utc(turn.ended_ns),
        "status": end.status,
        "answer": end.answer,
        "request": end.request,
        "plan": end.plan,
        "contexts": end.contexts,
        "runs": list(end.runs),
        "artifacts": list(end.artifacts),
        "warnings": list(end.warnings),
        "usage": end.usage,
    }


def _utc(time_ns: int) -> str:
    return datetime.fromtimestamp(time_ns / 1e9, tz=UTC).strftime("%Y-%m-%d %H:%M:%S")
