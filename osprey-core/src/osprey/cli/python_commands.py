"""`osprey python`: Python that is looked at before it runs, and what holds it when it does."""

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
    """Say what Python code would do, and what can hold it on this host."""


@python.command("check")
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@click.option("--json", "as_json", is_flag=True, help="Print one array.")
@click.pass_context
def check(ctx: click.Context, files: tuple[str, ...], as_json: bool) -> None:
    """Say what files would do to a machine: which channels they write, from which line; nothing is run.

    FILE is a Python file; - is standard input. Exit code 0: every file only reads; 3: one writes, or it cannot be told.
    A file that does not parse cannot be told. The answer is advice: what code can do is decided when it runs.
    """
    from osprey.cli.python_check import look_at, plain_look, print_look

    found = anyio.run(look_at, files)
    if as_json:
        click.echo(json.dumps([plain_look(*each) for each in found], ensure_ascii=True))
    else:
        for each in found:
            print_look(*each)
    if any(analysis.may_write for _, analysis, _ in found):
        ctx.exit(ExitCode.REFUSED)


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
