"""`osprey approvals remembered`: decisions that speak for the same again, until they are used up, over or revoked."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import anyio
import click

from osprey.cli.context import cli_project
from osprey.printable import printable

if TYPE_CHECKING:
    from osprey.journal import RememberedRow


@click.group("remembered")
def remembered() -> None:
    """Show and revoke decisions that are remembered."""


@remembered.command("list")
@click.option("--all", "show_all", is_flag=True, help="Those that are over, used up or revoked too.")
@click.option("--json", "as_json", is_flag=True, help="Print an array of objects.")
def list_remembered(show_all: bool, as_json: bool) -> None:
    """List the remembered decisions that can still speak for somebody."""
    now_ns = time.time_ns()
    rows = [row for row in anyio.run(_rows) if show_all or row.is_live(now_ns)]
    if as_json:
        click.echo(json.dumps([plain_remembered(row, now_ns) for row in rows], ensure_ascii=False))
        return
    if not rows:
        click.echo("No decision is remembered.", err=True)
    for row in rows:
        plain = plain_remembered(row, now_ns)
        used = f"{row.uses} of {row.max_uses} uses"
        head = (row.id, plain["state"], row.person, row.kind, row.target, used, f"until {plain['ends']}")
        click.echo("  ".join(printable(cell) for cell in head if cell))
        click.echo(f"    {printable(_scope_text(row))}; requests of {printable(row.requester)}")


@remembered.command("revoke")
@click.argument("remembered_id", metavar="ID")
@click.option("--reason", required=True, help="Why; it is kept.")
def revoke_remembered(remembered_id: str, reason: str) -> None:
    """Let a remembered decision cover nothing more; what it approved and is not carried out yet is refused too."""
    row = anyio.run(_revoke, remembered_id, reason)
    click.echo(f"Revoked {row.id}. A person decides from now on.")


def plain_remembered(row: RememberedRow, now_ns: int) -> dict[str, Any]:
    """Give the fields that a listing of remembered decisions shows."""
    from osprey.cli.approvals.listing import utc

    return {
        "id": row.id,
        "state": _state(row, now_ns),
        "request": row.request_id,
        "person": row.person,
        "requester": row.requester,
        "kind": row.kind,
        "target": row.target,
        "scope": dict(row.scope),
        "uses": row.uses,
        "max_uses": row.max_uses,
        "granted": utc(row.granted_ns),
        "ends": utc(row.ends_ns),
        "revoked_by": row.revoked_by,
        "reason": row.reason,
    }


def _state(row: RememberedRow, now_ns: int) -> str:
    if row.revoked_ns is not None:
        return "revoked"
    if now_ns >= row.ends_ns:
        return "over"
    return "live" if row.uses < row.max_uses else "used up"


def _scope_text(row: RememberedRow) -> str:
    channels: dict[str, list[float]] = row.scope.get("channels", {})
    if not channels:
        return f"exactly what request {row.request_id} showed"
    return ", ".join(
        f"{channel} = {low!r}" if low == high else f"{channel} = {low!r} .. {high!r}"
        for channel, (low, high) in channels.items()
    )


async def _rows() -> list[RememberedRow]:
    from osprey.journal import journal_of

    async with cli_project() as project:
        return await journal_of(project).remembered.list()


async def _revoke(remembered_id: str, reason: str) -> RememberedRow:
    from osprey.approval import current_actor
    from osprey.journal import journal_of

    async with cli_project() as project:
        return await journal_of(project).remembered.revoke(remembered_id, current_actor(), reason)
