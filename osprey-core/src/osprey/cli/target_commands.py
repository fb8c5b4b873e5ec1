"""`osprey targets`: which control systems the project has, and whether they can be reached."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import anyio
import click

from osprey.cli.context import cli_project
from osprey.errors import ExitCode

if TYPE_CHECKING:
    from osprey.cli.target_check import TargetCheck


@click.group()
def targets() -> None:
    """List the control systems of the project, and check whether they can be reached."""


@targets.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print an array of objects.")
def list_targets(as_json: bool) -> None:
    """List the targets with connector, archiver, posture, and whether they may be written. Nothing is contacted."""
    from osprey.cli.channel_view import columns
    from osprey.cli.target_check import facts_of
    from osprey.printable import printable

    async def work() -> list[dict[str, Any]]:
        async with cli_project() as project:
            return facts_of(project)

    found = anyio.run(work)
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
        return
    rows = [
        (
            f"{fact['name']}{' (default)' if fact['default'] else ''}",
            f"{fact['connector']}{' (simulated)' if fact['simulated'] else ''}",
            f"archiver {fact['archiver']}" if fact["archiver"] else "no archiver",
            str(fact["posture"]),
            f"writes {'on' if fact['writes'] else 'off'}",
        )
        for fact in found
    ]
    for line in columns([tuple(map(printable, row)) for row in rows]):
        click.echo(line)


@targets.command("check")
@click.argument("names", metavar="[TARGET]...", nargs=-1)
@click.option(
    "--channel", "channels", multiple=True, metavar="NAME", help="Ask for this channel; else for a few listed."
)
@click.option("--timeout", "timeout_s", type=click.FloatRange(0.1, 300), help="Seconds; else that of the target.")
@click.option("--json", "as_json", is_flag=True, help="Print an array of objects.")
@click.pass_context
def check(
    ctx: click.Context, names: tuple[str, ...], channels: tuple[str, ...], timeout_s: float | None, as_json: bool
) -> None:
    """Ask the addresses, a few channels and the archive of targets whether they answer, and how fast.

    Exit code 1: one of the targets cannot be reached. Nothing is written.
    """
    from osprey.cli.target_check import check_targets, plain_check, print_check

    async def work() -> list[TargetCheck]:
        async with cli_project() as project:
            return await check_targets(project, names, channels, timeout_s)

    found = anyio.run(work)
    if as_json:
        click.echo(json.dumps([plain_check(one) for one in found], ensure_ascii=False))
    else:
        for one in found:
            print_check(one)
    if any(one.is_unreachable for one in found):
        ctx.exit(ExitCode.FAILED)
