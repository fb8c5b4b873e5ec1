"""`osprey generate claude-config`: a file of settings to begin with."""

from __future__ import annotations

from pathlib import Path

import click

from osprey.api import UsageError, cli_project
from osprey_claude.code.claude_file import EXAMPLE, NAME


@click.command("claude-config")
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help=f"The file; default: {NAME}.")
@click.option("-f", "--force", is_flag=True, help="Write over a file that is there.")
def claude_config(output: Path | None, force: bool) -> None:
    """Write a file of settings for Claude Code, all of it explained and nothing of it set."""
    path = output or cli_project().root / NAME
    if path.exists() and not force:
        raise UsageError(f"{path} is there already: give another file with -o, or write over it with --force")
    path.write_text(EXAMPLE, encoding="utf-8")
    click.echo(f"{path}\nName it in config.yml: execution.generators.claude_code.claude_config_path", err=True)
