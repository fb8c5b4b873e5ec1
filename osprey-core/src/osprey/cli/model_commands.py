"""`osprey models`: which chat model is asked for what, and whether it answers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import anyio
import click

from osprey.cli.context import cli_project
from osprey.config.models import ModelRole
from osprey.errors import ExitCode

if TYPE_CHECKING:
    from osprey.cli.model_check import ModelCheck


@click.group()
def models() -> None:
    """Show which chat model is asked for what, and check whether it answers."""


@models.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print an array of objects.")
def list_models(as_json: bool) -> None:
    """List every role with its model, its fallbacks and where their keys come from. Nobody is contacted.

    No model has a part in approving.
    """
    from osprey.cli.model_facts import facts_of, lines_of

    async def work() -> list[dict[str, Any]]:
        async with cli_project() as project:
            return facts_of(project)

    found = anyio.run(work)
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
        return
    for line in lines_of(found):
        click.echo(line)


@models.command("check")
@click.argument("role", metavar="[ROLE]", required=False, type=click.Choice([role.value for role in ModelRole]))
@click.option("--json", "as_json", is_flag=True, help="Print an array of objects.")
@click.pass_context
def check(ctx: click.Context, role: str | None, as_json: bool) -> None:
    """Ask each model for one word, those of fallbacks as well, and show time, tokens and cost.

    Without ROLE every model that the configuration names is asked, each once. Exit code 1: one of them gave no answer.
    """
    from osprey.cli.model_check import check_models, lines_of, plain_check

    async def work() -> list[ModelCheck]:
        async with cli_project() as project:
            return await check_models(project, None if role is None else ModelRole(role))

    found = anyio.run(work)
    if as_json:
        click.echo(json.dumps([plain_check(one) for one in found], ensure_ascii=False))
    else:
        for line in lines_of(found):
            click.echo(line)
    if any(one.failure for one in found):
        ctx.exit(ExitCode.FAILED)
