"""`osprey generate`: programs written from what Osprey knows; each is a command of a plugin."""

from __future__ import annotations

from typing import Final

import click

from osprey.cli.root import plugin_command, plugin_summaries

_PREFIX: Final = "generate-"


class GeneratorGroup(click.Group):
    """The commands of plugins whose names begin with ``generate-``, imported one at a time."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Give the names that plugins have added."""
        return [name for name, _ in _added(ctx)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one; None if no plugin has it."""
        return plugin_command(ctx, _PREFIX + cmd_name, check=not ctx.resilient_parsing)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list from the summaries."""
        rows = _added(ctx)
        if not rows:
            formatter.write_text("No installed plugin adds one: pip install osprey-epics gives soft-ioc.")
            return
        with formatter.section("Commands"):
            formatter.write_dl(rows)


def _added(ctx: click.Context) -> list[tuple[str, str]]:
    return [(name.removeprefix(_PREFIX), text) for name, text in plugin_summaries(ctx) if name.startswith(_PREFIX)]


@click.group(cls=GeneratorGroup)
def generate() -> None:
    """Write programs from what Osprey knows."""
