"""`osprey approvals`: the inbox of requests, for every thread of the project."""

from __future__ import annotations

import json
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

import anyio
import click
from attrs import frozen

from osprey.approval import identity_of
from osprey.approval.dossier import dossier_of, votes_of
from osprey.cli.approvals.approving import approve_request
from osprey.cli.approvals.decisions import comment_request, postpone_request, reject_request, withdraw_request
from osprey.cli.approvals.editing import edit_request
from osprey.cli.approvals.listing import UNFINISHED, plain_request, print_requests, utc
from osprey.cli.approvals.notices import try_notice
from osprey.cli.approvals.people import hash_secret_command
from osprey.cli.approvals.remembered import remembered
from osprey.cli.approvals.watch import watch_requests
from osprey.cli.context import cli_project
from osprey.journal import DecisionRow, RequestState, journal_of

if TYPE_CHECKING:
    from osprey.approval import Identity
    from osprey.approval.dossier import Dossier
    from osprey.journal import RequestRow


@frozen(kw_only=True)
class Wanted:
    """Which requests are listed."""

    states: tuple[RequestState, ...]
    kind: str | None = None
    thread: str | None = None
    is_mine: bool = False


@click.group()
def approvals() -> None:
    """Show and decide what waits for a person."""


@approvals.command("list")
@click.option("--all", "show_all", is_flag=True, help="Finished requests too.")
@click.option("--kind", metavar="KIND", help="Only requests of this kind; a pattern such as 'memory_*'.")
@click.option("--thread", metavar="THREAD", help="Only requests of this thread.")
@click.option("--mine", is_flag=True, help="Only what you asked for or edited.")
@click.option("--json", "as_json", is_flag=True, help="Print an array of objects.")
def list_requests(show_all: bool, kind: str | None, thread: str | None, mine: bool, as_json: bool) -> None:
    """List the requests that are not finished, of all threads."""
    wanted = Wanted(states=() if show_all else UNFINISHED, kind=kind, thread=thread, is_mine=mine)
    rows, votes = anyio.run(_rows, wanted)
    if as_json:
        click.echo(json.dumps([plain_request(row, votes[row.id]) for row in rows], ensure_ascii=False))
    elif rows:
        print_requests(rows, votes)
    else:
        click.echo("Nothing waits for a decision.", err=True)


async def _rows(wanted: Wanted) -> tuple[list[RequestRow], Mapping[str, int]]:
    async with cli_project() as project:
        found = await journal_of(project).requests.list(states=wanted.states, thread=wanted.thread)
        me = identity_of(project)
        rows = [row for row in found if _is_wanted(row, wanted, me)]
        return rows, await votes_of(project, rows)


def _is_wanted(row: RequestRow, wanted: Wanted, me: Identity) -> bool:
    if wanted.kind is not None and not fnmatchcase(row.kind, wanted.kind):
        return False
    return not wanted.is_mine or row.requester == me.actor.subject or me.voter.person in row.authors


@approvals.command("show")
@click.argument("request_id", metavar="ID")
@click.option("--json", "as_json", is_flag=True, help="Print one object with the exact document.")
def show_request(request_id: str, as_json: bool) -> None:
    """Show what a request would do, exactly; what has moved since, who has said what, and who else has to agree."""
    dossier = anyio.run(_dossier, request_id)
    if as_json:
        click.echo(json.dumps(_plain_dossier(dossier), ensure_ascii=False))
        return
    from osprey.cli.approvals.view import print_dossier

    print_dossier(dossier)
    if dossier.row.report is not None:
        print_report(dossier.row.report)


def print_report(report: Mapping[str, Any]) -> None:
    """Print what became of a request: item by item of a list of writes, by its own keys of anything else."""
    from osprey.printable import printable_lines

    if "items" not in report:
        click.echo(printable_lines(json.dumps(dict(report), indent=1, ensure_ascii=False)))
        return
    from osprey.control import ApplyReport
    from osprey.control.wire import from_wire
    from osprey.control.wording import format_report

    click.echo(printable_lines(format_report(from_wire(ApplyReport, report))))


async def _dossier(request_id: str) -> Dossier:
    async with cli_project() as project:
        return await dossier_of(project, request_id)


def _plain_dossier(dossier: Dossier) -> dict[str, Any]:
    row, movement = dossier.row, dossier.movement
    return {
        **plain_request(row, dossier.votes),
        "document": json.loads(row.document),
        "shown": dict(row.presentation),
        "report": None if row.report is None else dict(row.report),
        "rules": list(row.needs.rules),
        "authors": list(row.authors),
        "said": [plain_decision(said) for said in dossier.said],
        "missing": dossier.missing,
        "unmet": dossier.unmet,
        "obstacles": list(dossier.obstacles),
        "moved": None if movement is None else {"looked_at": movement.looked_at, "lines": list(movement.lines)},
        "difference": list(dossier.difference),
        "successor": None if dossier.successor is None else dossier.successor.id,
    }


def plain_decision(said: DecisionRow) -> dict[str, Any]:
    """Give what somebody said of a request."""
    return {
        "word": said.word.value,
        "person": said.person,
        "roles": list(said.roles),
        "actor": said.actor,
        "terminal": said.terminal,
        "host": said.host,
        "method": said.method,
        "authenticated": said.is_authenticated,
        "time": utc(said.ns),
        "hash": said.sha256,
        "text": said.text,
        "remembered": said.remembered,
    }


for command in (
    approve_request,
    edit_request,
    reject_request,
    postpone_request,
    withdraw_request,
    comment_request,
    watch_requests,
    remembered,
    hash_secret_command,
    try_notice,
):
    approvals.add_command(command)
