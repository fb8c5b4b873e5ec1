"""`osprey plans`: plans that wait for a person, as text and as files that can be edited and submitted."""

from __future__ import annotations

import difflib
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import anyio
import click

from osprey.approval.decisions import short_hash
from osprey.cli.context import cli_project
from osprey.cli.terminal import has_terminal, run_editor
from osprey.errors import ConflictError, UsageError
from osprey.journal import RequestState, journal_of

if TYPE_CHECKING:
    from osprey.journal import RequestRow
    from osprey.project import Project

T = TypeVar("T")
_PLAN = "orchestrator_plan"
_id = click.argument("request_id", metavar="ID")
_file = click.option(
    "--file", "file", type=click.Path(dir_okay=False, path_type=Path), help="Another file than the plan's own."
)


@click.group()
def plans() -> None:
    """Read, edit and submit the plans that wait for a person (`osprey ask "/planning ..."`)."""


@plans.command("list")
@click.option("--all", "show_all", is_flag=True, help="Those that were decided too.")
@click.option("--json", "as_json", is_flag=True, help="Print an array of objects.")
def list_plans(show_all: bool, as_json: bool) -> None:
    """List the plans that wait for a decision, each with its file."""

    async def work(project: Project) -> list[dict[str, Any]]:
        rows = await journal_of(project).requests.list(states=() if show_all else (RequestState.PENDING,))
        return [plain_plan(project, row) for row in rows if row.kind == _PLAN]

    found = _with_project(work)
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
        return
    if not found:
        click.echo('No plan waits for a decision; osprey ask "/planning ..." makes one.', err=True)
    for row in found:
        click.echo(f"{row['id']}  {row['hash'][:8]}  {row['state']:<10}  {row['steps']} steps  {row['title']}")
        if row["file"]:
            click.echo(f"    {row['file']}{'  (edited, not submitted)' if row['edited'] else ''}")


@plans.command("diff")
@_id
@_file
def diff_plan(request_id: str, file: Path | None) -> None:
    """Show what the plan's file says otherwise than the request; exit code 1 if they differ."""

    async def work(project: Project) -> str:
        row = await _plan_row(project, request_id)
        return _difference(_filed(row), _in_file(project, row, file))

    told = _with_project(work)
    click.echo(told or "The file says what the request says.", err=not told)
    if told:
        raise SystemExit(1)


@plans.command("edit")
@_id
def edit_plan(request_id: str) -> None:
    """Open the plan's file in $VISUAL or $EDITOR, and show what was changed; `submit` asks for it.

    Without a terminal it makes the file and says where it is.
    """

    async def prepare(project: Project) -> Path:
        from osprey.agent.plan_approval.files import write_plan_file

        row = await _plan_row(project, request_id)
        _require_waiting(row)
        return write_plan_file(project, row)

    async def compare(project: Project) -> str:
        row = await _plan_row(project, request_id)
        return _difference(_filed(row), _in_file(project, row, None))

    path = _with_project(prepare)
    if has_terminal():
        anyio.run(run_editor, path)
        click.echo(_with_project(compare) or "Nothing was changed.")
    else:
        click.echo(f"Edit {path}")
    click.echo(f"Then ask for it, with everything checked again: osprey plans submit {request_id}", err=True)


@plans.command("submit")
@_id
@_file
@click.option("--json", "as_json", is_flag=True, help="Print the new request's id and hash.")
def submit_plan(request_id: str, file: Path | None, as_json: bool) -> None:
    """Put the edited plan in the place of the one that waits, checked again; somebody still has to approve it."""

    async def work(project: Project) -> tuple[RequestRow, str]:
        from osprey.agent.plan_approval.files import plan_file, write_plan_file
        from osprey.approval import identity_of
        from osprey.approval.desk import edit

        row = await _plan_row(project, request_id)
        _require_waiting(row)
        edited = _in_file(project, row, file)
        newer = await edit(project, row.id, edited, identity_of(project))
        write_plan_file(project, newer)
        if file is None:
            plan_file(project, row.id).unlink(missing_ok=True)
        return newer, _difference(_filed(row), edited)

    newer, told = _with_project(work)
    if as_json:
        click.echo(json.dumps({"id": newer.id, "hash": newer.sha256, "supersedes": newer.supersedes}))
        return
    click.echo(told)
    click.echo(
        f"Request {newer.id} (hash {short_hash(newer.sha256)}) is in the place of {newer.supersedes}.\n"
        f"  osprey approvals show {newer.id}\n  osprey resume {newer.thread}      # once it is decided"
    )


def plain_plan(project: Project, row: RequestRow) -> dict[str, Any]:
    """Give the fields that a listing of plans shows."""
    from osprey.agent.plan_approval.files import plan_file

    path, plan = plan_file(project, row.id), _filed(row)
    return {
        "id": row.id,
        "hash": row.sha256,
        "state": row.state.value,
        "thread": row.thread,
        "title": row.title,
        "steps": len(plan["steps"]),
        "file": str(path) if path.exists() else None,
        "edited": path.exists() and _is_edited(project, row, plan),
    }


def _is_edited(project: Project, row: RequestRow, plan: Any) -> bool:
    try:
        return _in_file(project, row, None) != plan
    except UsageError:
        return True  # whatever it is now, it is not what was written there


def _with_project(work: Callable[[Project], Awaitable[T]]) -> T:
    async def run() -> T:
        async with cli_project() as project:
            return await work(project)

    return anyio.run(run)


async def _plan_row(project: Project, request_id: str) -> RequestRow:
    row = await journal_of(project).requests.get(request_id)
    if row.kind != _PLAN:
        msg = f"request {row.id} is of kind {row.kind!r}, no plan: osprey approvals show {row.id}"
        raise UsageError(msg)
    return row


def _require_waiting(row: RequestRow) -> None:
    if row.state is not RequestState.PENDING:
        msg = f"request {row.id} is {row.state.replace('_', ' ')} already: ask anew with /planning"
        raise ConflictError(msg)


def _filed(row: RequestRow) -> Any:
    from osprey.approval.kinds.document import read_content

    return read_content(row.kind, row.document)["plan"]


def _in_file(project: Project, row: RequestRow, file: Path | None) -> Any:
    from osprey.agent.plan_approval.files import read_plan_file

    return read_plan_file(project, row, file)


def _difference(before: Any, after: Any) -> str:
    told = difflib.unified_diff(_lines(before), _lines(after), "the request", "the file", lineterm="", n=2)
    return "\n".join(told)


def _lines(plan: Any) -> list[str]:
    return json.dumps(plan, indent=2, ensure_ascii=False, sort_keys=True).splitlines()
