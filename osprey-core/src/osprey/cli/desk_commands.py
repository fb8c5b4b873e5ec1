"""`osprey desk`: serve a project's inbox to other users of the host, and decide in one that another user serves.

Only `serve` needs the project. Who decides is the user whom the operating system names at the other end.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import anyio
import click

from osprey.errors import ExitCode
from osprey.printable import printable

if TYPE_CHECKING:
    from osprey.approval.desk_service.client import DeskClient
    from osprey.approval.desk_service.messages import Decision, Entry

T = TypeVar("T")

at_socket = click.option(
    "--socket",
    "path",
    metavar="PATH",
    required=True,
    envvar="OSPREY_DESK_SOCKET",
    type=click.Path(path_type=Path),
    help="The desk's socket; else OSPREY_DESK_SOCKET.",
)


@click.group()
def desk() -> None:
    """Serve the inbox to other users of this host, and decide in one that another user serves."""


@desk.command("serve")
def serve() -> None:
    """Answer the users of `approval.desk_users` until stopped (Ctrl-C, SIGTERM)."""
    anyio.run(_serve)


@desk.command("list")
@at_socket
@click.option("--json", "as_json", is_flag=True, help="Print an array of objects.")
def list_requests(path: Path, as_json: bool) -> None:
    """List the requests that are not finished."""
    from osprey.cli.desk_view import print_entries

    print_entries(_at_desk(path, lambda client: client.list_open()), as_json=as_json)


@desk.command("show")
@click.argument("request_id", metavar="ID")
@at_socket
@click.option("--json", "as_json", is_flag=True, help="Print one object with the exact document.")
def show_request(request_id: str, path: Path, as_json: bool) -> None:
    """Show what a request would do, exactly, and what people have said of it."""
    from osprey.cli.desk_view import print_shown

    print_shown(_at_desk(path, lambda client: client.show(request_id)), as_json=as_json)


@desk.command("approve")
@click.argument("request_id", metavar="ID")
@click.option("--hash", "hash_prefix", required=True, help="At least 8 hex digits of the hash that `show` gives.")
@at_socket
def approve_request(request_id: str, hash_prefix: str, path: Path) -> None:
    """Approve exactly what was shown; whoever asked for it carries it out.

    Where several people have to approve, this is one of their votes, and the command ends with exit code 4.
    """
    from osprey.approval.desk_service.messages import Approve
    from osprey.journal import RequestState

    entry = _decide(path, Approve(request_id=request_id, hash_prefix=hash_prefix))
    if entry.state is RequestState.PENDING:
        click.echo(f"Your approval of {entry.id} is recorded. Missing: {printable(entry.missing)}.")
        raise SystemExit(int(ExitCode.WAITING))
    click.echo(f"Approved {entry.id}. Who asked for it carries it out: osprey resume {printable(entry.thread)}")


@desk.command("reject")
@click.argument("request_id", metavar="ID")
@click.option("--reason", required=True, help="Why; it is shown to the one who asked, and kept.")
@at_socket
def reject_request(request_id: str, reason: str, path: Path) -> None:
    """Reject a request; nothing of it is ever carried out."""
    from osprey.approval.desk_service.messages import Reject

    entry = _decide(path, Reject(request_id=request_id, reason=reason))
    click.echo(f"Rejected {entry.id}. Nothing was written.")


@desk.command("postpone")
@click.argument("request_id", metavar="ID")
@click.option("--reason", default="", help="Why not now; it is kept.")
@at_socket
def postpone_request(request_id: str, reason: str, path: Path) -> None:
    """Say "not now": nobody has said no, the request waits on, and its time runs."""
    from osprey.approval.desk_service.messages import Postpone
    from osprey.cli.approvals.listing import time_left

    entry = _decide(path, Postpone(request_id=request_id, reason=reason))
    click.echo(f"Postponed {entry.id}. It waits on, and ends in {time_left(entry.expires_ns)}.")


@desk.command("comment")
@click.argument("request_id", metavar="ID")
@click.argument("text")
@at_socket
def comment_request(request_id: str, text: str, path: Path) -> None:
    """Keep a remark with a request; whatever it says, it decides nothing."""
    from osprey.approval.desk_service.messages import Comment

    entry = _decide(path, Comment(request_id=request_id, text=text))
    click.echo(f"Kept with {entry.id}, which is {entry.state.replace('_', ' ')}. It decides nothing.")


@desk.command("withdraw")
@click.argument("request_id", metavar="ID")
@click.option("--reason", required=True, help="Why; it is kept.")
@at_socket
def withdraw_request(request_id: str, reason: str, path: Path) -> None:
    """Take back a request that you asked for or approved, as long as it is not carried out."""
    from osprey.approval.desk_service.messages import Withdraw

    entry = _decide(path, Withdraw(request_id=request_id, reason=reason))
    click.echo(f"Withdrew {entry.id}. It will not be carried out.")


def _decide(path: Path, decision: Decision) -> Entry:
    return _at_desk(path, lambda client: client.decide(decision))


def _at_desk(path: Path, ask: Callable[[DeskClient], Awaitable[T]]) -> T:
    """Ask the desk one question; who serves it, and whether its caller counts, is said on stderr."""
    from osprey.approval.desk_service.client import DeskClient

    async def work() -> T:
        async with DeskClient.connect(path) as client:
            welcome = client.welcome
            click.echo(f"The desk of {client.server} knows you as {printable(welcome.subject)}.", err=True)
            if welcome.doubt:
                told = "Where a secret is asked for, your approval does not count here"
                click.echo(f"{told}: {printable(welcome.doubt)}.", err=True)
            return await ask(client)

    return anyio.run(work)


async def _serve() -> None:
    from osprey.approval.desk_service.server import Served, serve_desk
    from osprey.cli.context import cli_project
    from osprey.cli.signals import stop_on_signal

    async with cli_project() as project, anyio.create_task_group() as group:
        group.start_soon(stop_on_signal, group.cancel_scope)
        served: Served = await group.start(serve_desk, project)
        if served.doubt:
            click.echo(f"WARNING: nobody's approval counts where a secret is asked for: {served.doubt}", err=True)
        others = ", ".join(served.others) or "nobody else (approval.desk_users)"
        click.echo(f"The desk serves {served.path} for this user and {others}", err=True)
