"""What a person says of a request beside an approval: reject, postpone, withdraw, comment."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING

import anyio
import click

from osprey.cli.approvals.people import Claimed, identity_of_claim, identity_options
from osprey.cli.context import cli_project

if TYPE_CHECKING:
    from osprey.journal import RequestRow


@click.command("reject")
@click.argument("request_id", metavar="ID")
@click.option("--reason", required=True, help="Why; it is shown to the one who asked, and kept.")
@identity_options
def reject_request(request_id: str, reason: str, name: str | None, secret_fd: int | None) -> None:
    """Reject a request; nothing of it is ever carried out."""
    from osprey.approval import desk

    row = _said(request_id, Claimed(name=name, secret_fd=secret_fd), partial(desk.reject, reason=reason))
    click.echo(f"Rejected {row.id}. Nothing was written.")


@click.command("postpone")
@click.argument("request_id", metavar="ID")
@click.option("--reason", default="", help="Why not now; it is kept.")
@identity_options
def postpone_request(request_id: str, reason: str, name: str | None, secret_fd: int | None) -> None:
    """Say "not now": nobody has said no, the request waits on, and its time runs."""
    from osprey.approval import desk
    from osprey.cli.approvals.listing import time_left

    row = _said(request_id, Claimed(name=name, secret_fd=secret_fd), partial(desk.postpone, reason=reason))
    click.echo(f"Postponed {row.id}. It waits on, and ends in {time_left(row.expires_ns)}.")


@click.command("withdraw")
@click.argument("request_id", metavar="ID")
@click.option("--reason", required=True, help="Why; it is kept.")
@identity_options
def withdraw_request(request_id: str, reason: str, name: str | None, secret_fd: int | None) -> None:
    """Take back a request that waits or was approved and not carried out yet."""
    from osprey.approval import desk

    row = _said(request_id, Claimed(name=name, secret_fd=secret_fd), partial(desk.withdraw, reason=reason))
    click.echo(f"Withdrew {row.id}. It will not be carried out.")


@click.command("comment")
@click.argument("request_id", metavar="ID")
@click.argument("text")
@identity_options
def comment_request(request_id: str, text: str, name: str | None, secret_fd: int | None) -> None:
    """Keep a remark with a request; whatever it says, it decides nothing."""
    from osprey.approval import desk

    row = _said(request_id, Claimed(name=name, secret_fd=secret_fd), partial(desk.comment, text=text))
    click.echo(f"Kept with {row.id}, which is {row.state.replace('_', ' ')}. It decides nothing.")


def _said(request_id: str, claimed: Claimed, say: Callable[..., Awaitable[RequestRow]]) -> RequestRow:
    """Have somebody say something on a request."""

    async def work() -> RequestRow:
        async with cli_project() as project:
            return await say(project, request_id, await identity_of_claim(project, claimed))

    return anyio.run(work)
