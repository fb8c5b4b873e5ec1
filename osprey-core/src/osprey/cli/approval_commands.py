"""`osprey approvals`: the inbox of requests, for every thread of the project."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import anyio
import click

from osprey.approval import card_of, current_actor
from osprey.approval.decisions import SHORT_HASH_DIGITS, short_hash
from osprey.cli.context import cli_project
from osprey.errors import UsageError
from osprey.journal import RequestState, journal_of

if TYPE_CHECKING:
    from osprey.approval import Card
    from osprey.journal import RequestRow

_OPEN = (RequestState.PENDING, RequestState.APPROVED, RequestState.CLAIMED, RequestState.IN_DOUBT)


@click.group()
def approvals() -> None:
    """Show and decide what waits for a person."""


@approvals.command("list")
@click.option("--all", "show_all", is_flag=True, help="Finished requests too.")
@click.option("--json", "as_json", is_flag=True, help="Print an array of objects.")
def list_requests(show_all: bool, as_json: bool) -> None:
    """List the requests that are not finished."""
    rows = anyio.run(_rows, () if show_all else _OPEN)
    if as_json:
        click.echo(json.dumps([plain_request(row) for row in rows], ensure_ascii=False))
        return
    if not rows:
        click.echo("Nothing waits for a decision.", err=True)
    for row in rows:
        click.echo(f"{row.id}  {short_hash(row.sha256)}  {row.state:<9}  {row.title}  ({row.risk})")


@approvals.command("show")
@click.argument("request_id", metavar="ID")
@click.option("--json", "as_json", is_flag=True, help="Print one object with the exact document.")
def show_request(request_id: str, as_json: bool) -> None:
    """Show what a request would do, exactly."""
    row, card = anyio.run(_row_and_card, request_id)
    if as_json:
        shown = {
            **plain_request(row),
            "document": json.loads(row.document),
            "shown": dict(row.presentation),
            "report": None if row.report is None else dict(row.report),
        }
        click.echo(json.dumps(shown, ensure_ascii=False))
        return
    from osprey.cli.approval_view import print_card

    print_card(card)
    if row.report is not None:
        from osprey.agent.wording import format_report
        from osprey.control import ApplyReport
        from osprey.control.wire import from_wire

        click.echo(format_report(from_wire(ApplyReport, row.report)))


@approvals.command("approve")
@click.argument("request_id", metavar="ID")
@click.option("--hash", "hash_prefix", required=True, help="At least 8 hex digits of the hash that `show` gives.")
def approve_request(request_id: str, hash_prefix: str) -> None:
    """Approve exactly what was shown; it is carried out once, by `osprey resume`."""
    if len(hash_prefix) < SHORT_HASH_DIGITS:
        msg = f"--hash needs at least {SHORT_HASH_DIGITS} digits: copy them from `osprey approvals show`"
        raise UsageError(msg)
    row = anyio.run(_approve, request_id, hash_prefix)
    click.echo(f"Approved {row.id}. Carry it out with: osprey resume {row.thread}")


@approvals.command("reject")
@click.argument("request_id", metavar="ID")
@click.option("--reason", required=True, help="Why; it is shown to the one who asked, and kept.")
def reject_request(request_id: str, reason: str) -> None:
    """Reject a request; nothing of it is ever carried out."""
    row = anyio.run(_reject, request_id, reason)
    click.echo(f"Rejected {row.id}. Nothing was written.")


@approvals.command("withdraw")
@click.argument("request_id", metavar="ID")
@click.option("--reason", required=True, help="Why; it is kept.")
def withdraw_request(request_id: str, reason: str) -> None:
    """Take back a request that waits or was approved and not carried out yet."""
    row = anyio.run(_withdraw, request_id, reason)
    click.echo(f"Withdrew {row.id}. It will not be carried out.")


def plain_request(row: RequestRow) -> dict[str, Any]:
    """Give the fields that every listing of requests shows."""
    return {
        "id": row.id,
        "kind": row.kind,
        "title": row.title,
        "hash": row.sha256,
        "thread": row.thread,
        "state": row.state.value,
        "risk": row.risk,
        "created": _utc(row.created_ns),
        "expires": _utc(row.expires_ns),
        "needs": "one person" if row.state is RequestState.PENDING else "",
    }


def _utc(time_ns: int) -> str:
    return datetime.fromtimestamp(time_ns / 1e9, tz=UTC).isoformat(timespec="seconds")


async def _rows(states: tuple[RequestState, ...]) -> list[RequestRow]:
    async with cli_project() as project:
        return list(await journal_of(project).requests.list(states=states))


async def _row_and_card(request_id: str) -> tuple[RequestRow, Card]:
    async with cli_project() as project:
        row = await journal_of(project).requests.get(request_id)
        return row, card_of(project, row)


async def _approve(request_id: str, hash_prefix: str) -> RequestRow:
    async with cli_project() as project:
        return await journal_of(project).requests.approve(request_id, hash_prefix, current_actor())


async def _withdraw(request_id: str, reason: str) -> RequestRow:
    async with cli_project() as project:
        return await journal_of(project).requests.withdraw(request_id, current_actor(), reason)


async def _reject(request_id: str, reason: str) -> RequestRow:
    async with cli_project() as project:
        return await journal_of(project).requests.reject(request_id, current_actor(), reason)
