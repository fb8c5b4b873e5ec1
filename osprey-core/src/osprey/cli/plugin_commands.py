"""`osprey plugins`: what is there, what is wrong with it, and switching it off.

None of these commands refuses to start: they are how a refused start is mended.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from osprey.cli.context import load_options, plugin_settings, project_start
from osprey.errors import PluginError, UsageError
from osprey.plugins.listing import list_plugins

if TYPE_CHECKING:
    from osprey.plugins.listing import Listing

_as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group()
def plugins() -> None:
    """List plugins, say what is wrong with one, switch one off."""


@plugins.command("list")
@click.option("--fast", is_flag=True, help="Import nothing; what is not cached is judged by its metadata alone.")
@click.option("--timing", is_flag=True, help="Show how long each plugin's import took.")
@_as_json
@click.pass_context
def list_command(ctx: click.Context, fast: bool, timing: bool, as_json: bool) -> None:
    """List all plugins and how they stand."""
    from osprey.cli.plugin_view import list_text, listed

    options = load_options(ctx)
    listing = list_plugins(plugin_settings(ctx), options, fast=fast)
    if as_json:
        _print_json([listed(status, timing=timing) for status in listing.plugins])
    else:
        click.echo(list_text(listing.plugins, timing=timing))
    _conclude(listing, strict=options.strict)


def _conclude(listing: Listing, *, strict: bool) -> None:
    """Say what a start would say, and end as asked for; a listing that was asked for is no failure."""
    for name in listing.policies_disabled:
        click.echo(f"WARNING: config.yml disables {name!r}; the write policies it holds are NOT in force", err=True)
    for refusal in listing.refusals:
        click.echo(f"WARNING: Osprey refuses to start: {refusal}", err=True)
    if listing.name_errors:
        raise UsageError("\n".join(listing.name_errors))
    bad = [status.name for status in listing.plugins if status.is_bad]
    if strict and bad:
        raise PluginError(f"--strict-plugins: not usable: {', '.join(bad)}")


@plugins.command("show")
@click.argument("name")
@_as_json
@click.pass_context
def show_command(ctx: click.Context, name: str, as_json: bool) -> None:
    """Show one plugin, by its own name or that of its distribution."""
    from osprey.cli.plugin_view import show_text, shown
    from osprey.plugins.registry import find_plugin

    listing = list_plugins(plugin_settings(ctx), load_options(ctx))
    status = find_plugin(listing.plugins, name)
    if as_json:
        _print_json(shown(status))
    else:
        click.echo(show_text(status))


@plugins.command("doctor")
@click.argument("name", required=False)
@click.option("--probe", is_flag=True, help="Load each plugin and all it names in a process of its own.")
@click.option("--timeout", "timeout_s", default=30.0, show_default=True, help="Seconds that a probe may take.")
@_as_json
@click.pass_context
def doctor_command(ctx: click.Context, name: str | None, probe: bool, timeout_s: float, as_json: bool) -> None:
    """Look for what is wrong, with tracebacks; exit code 1 if there is anything.

    With --probe no plugin is imported here, so that one which ends the process, or hangs, is found too.
    """
    from osprey.cli.plugin_checkup import check_up, checkup_text

    checkup = check_up(plugin_settings(ctx), load_options(ctx), name, timeout_s=timeout_s if probe else None)
    if as_json:
        _print_json(checkup.to_json())
    else:
        click.echo(checkup_text(checkup))
    if not checkup.is_healthy:
        ctx.exit(1)


@plugins.command("disable")
@click.argument("name")
@_as_json
@click.pass_context
def disable_command(ctx: click.Context, name: str, as_json: bool) -> None:
    """Leave a plugin out from now on, by writing its name into config.yml."""
    _switch(ctx, name, as_json, disable=True)


@plugins.command("enable")
@click.argument("name")
@_as_json
@click.pass_context
def enable_command(ctx: click.Context, name: str, as_json: bool) -> None:
    """Undo `disable`."""
    _switch(ctx, name, as_json, disable=False)


def _switch(ctx: click.Context, name: str, as_json: bool, *, disable: bool) -> None:
    from osprey.cli.plugin_switch import switch_plugin

    outcome = switch_plugin(project_start(ctx), name, disable=disable)
    if disable and outcome.holds_policies:
        told = f"WARNING: {outcome.name!r} holds write policies; while it is disabled they are NOT in force"
        click.echo(told, err=True)
    if as_json:
        _print_json(outcome.to_json())
        return
    word = "disabled" if disable else "enabled"
    click.echo(f"{outcome.name} is {word} in {outcome.file}" + ("" if outcome.changed else " (as before)"))


def _print_json(data: Any) -> None:
    click.echo(json.dumps(data, indent=2, ensure_ascii=False))
