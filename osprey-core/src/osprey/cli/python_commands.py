"""`osprey python`: what holds generated Python on this host."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import anyio
import click

from osprey.cli.context import cli_project
from osprey.errors import ExitCode

if TYPE_CHECKING:
    from osprey.cli.python_tiers import TierRow


@click.group("python")
def python() -> None:
    """Say what can hold generated Python on this host."""


@python.command("tiers")
@click.option("--json", "as_json", is_flag=True, help="Print an array of objects.")
@click.pass_context
def tiers(ctx: click.Context, as_json: bool) -> None:
    """Have generated code try to get out of each tier of isolation, and say which one is taken and why.

    Exit code 1: none of those that `execution.sandbox` allows holds.
    """
    from osprey.cli.python_tiers import plain_row, print_row, survey_tiers

    async def work() -> list[TierRow]:
        async with cli_project() as project:
            return await survey_tiers(project)

    rows = anyio.run(work)
    if as_json:
        click.echo(json.dumps([plain_row(row) for row in rows], ensure_ascii=False))
    else:
        for row in rows:
            print_row(row)
    if not any(row.is_taken for row in rows):
        ctx.exit(ExitCode.FAILED)
