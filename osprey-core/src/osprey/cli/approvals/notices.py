"""`osprey approvals notify`: try whether the people of `approval.notify` can be told."""

from __future__ import annotations

import anyio
import click

from osprey.cli.context import cli_project


@click.command("notify")
@click.argument("name")
def try_notice(name: str) -> None:
    """Send a trial notice to the entry NAME of `approval.notify`; a notice never decides anything."""
    anyio.run(_try, name)
    click.echo(f"Told {name}.")


async def _try(name: str) -> None:
    from osprey.approval.notices import try_notifier

    async with cli_project() as project:
        await try_notifier(project, name)
