"""The root of the command line: a click group that imports a command only when it is run.

`--help` shows the core's table and what plugins declared, from the cache where nothing has changed; it
imports no implementation and it never fails because of a plugin or a broken configuration.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from osprey.cli.context import load_options, plugin_settings, project_start
from osprey.cli.table import CORE_COMMANDS, GROUPED
from osprey.errors import OspreyError, StorageError

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from osprey.plugins.options import PluginSettings


_DISK_TROUBLE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO})
"""What a person mends outside of Osprey; any other failure of the operating system here is a defect."""


class LazyGroup(click.Group):
    """A group whose commands are known by name and summary, and imported one at a time."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Give the names of all commands, the core's first."""
        return [name for name, _ in _summaries(ctx)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command; None if there is none of that name."""
        if cmd_name in CORE_COMMANDS:
            module, _, name = CORE_COMMANDS[cmd_name][0].partition(":")
            return cast("click.Command", getattr(import_module(module), name))
        return plugin_command(ctx, cmd_name, check=True)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that `args` begin with; a name that is none ends with the closest ones."""
        name, rest = args[0], args[1:]
        asks_help = not {"-h", "--help"}.isdisjoint(
            rest
        )  # help about a command must not depend on whether Osprey may start
        command = self.get_command(ctx, name) if not asks_help or name in CORE_COMMANDS else None
        command = command or plugin_command(ctx, name, check=not asks_help)
        if command is None:
            from osprey.plugins.selection import closest

            near = closest(name, self.list_commands(ctx)).replace("osprey plugins list", "osprey --help")
            ctx.fail(f"there is no command {name!r}{near}")
        return name, command, rest

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands from their summaries."""
        with formatter.section("Commands"):
            formatter.write_dl(_summaries(ctx))

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Complete command names without importing the commands."""
        from click.shell_completion import CompletionItem

        names = [CompletionItem(n, help=text) for n, text in _summaries(ctx) if n.startswith(incomplete)]
        return [*names, *click.Command.shell_complete(self, ctx, incomplete)]


def _summaries(ctx: click.Context) -> list[tuple[str, str]]:
    rows = [(name, summary) for name, (_, summary) in CORE_COMMANDS.items()]
    added = [row for row in plugin_summaries(ctx) if row[0] not in CORE_COMMANDS]
    return rows + [row for row in added if not row[0].startswith(GROUPED)]


def plugin_summaries(ctx: click.Context) -> tuple[tuple[str, str], ...]:
    """Give name and summary of every command that a plugin adds; nothing of a command is imported."""
    from osprey.plugins.listing import list_plugins

    return list_plugins(_settings_or_none(ctx), load_options(ctx)).commands


def _settings_or_none(ctx: click.Context) -> PluginSettings:
    from osprey.plugins.options import PlainSettings

    try:
        return plugin_settings(ctx)
    except OspreyError as exc:
        click.echo(f"warning: {exc}", err=True)
        return PlainSettings()


def plugin_command(ctx: click.Context, name: str, *, check: bool) -> click.Command | None:
    """Import one command of a plugin; None if there is none of that name.

    :param check: False for help, which must not depend on whether Osprey may start.
    """
    from osprey.plugins.registry import Registry, check_start
    from osprey.plugins.surveying import survey

    options = load_options(ctx)
    found = survey(plugin_settings(ctx) if check else _settings_or_none(ctx), options)
    registry = Registry(found)
    if name not in registry.names("commands"):
        return None
    if check:
        check_start(found, options)
    command: object = registry.resolve("commands", name)
    if not isinstance(command, click.Command):
        entry = registry.entry("commands", name)
        reference = entry.registration.implementation
        msg = f"command {name!r} of plugin {entry.plugin!r}: {reference!r} is no click command"
        raise click.ClickException(msg)
    return command


def _show_version(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        from osprey.plugins.scan import CORE_DISTRIBUTION, scan

        click.echo(f"osprey {scan(sys.path).versions[CORE_DISTRIBUTION]}")
        ctx.exit()


# Every option is eager, so that those before --help are known when it lists the commands of plugins.
@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_show_version,
    help="Show the version.",
)
@click.option("--debug", is_flag=True, is_eager=True, help="Show the traceback of an error.")
@click.option(
    "--project",
    metavar="DIR",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    is_eager=True,
    help="The project's folder; else OSPREY_PROJECT, else found from the working directory upwards.",
)
@click.option("--no-plugin", metavar="NAME", multiple=True, is_eager=True, help="Leave out a plugin; repeatable.")
@click.option("--safe-mode", is_flag=True, is_eager=True, help="Load no third-party plugin.")
@click.option("--strict-plugins", is_flag=True, is_eager=True, help="Fail if any plugin is bad.")
@click.option(
    "--plugin",
    "local",
    metavar="FILE",
    multiple=True,
    is_eager=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Load a Python file as a plugin; repeatable.",
)
def osprey(**options: Any) -> None:
    """Ask an accelerator, a beamline or a fusion machine for work in plain words.

    What would change the machine is shown first, and done only after a person agrees.
    """
    from osprey.logs import logging_in

    click.get_current_context().with_resource(logging_in(project_start()))


def run(args: Sequence[str] | None = None) -> int:
    """Run the command line and give its exit code; expected errors are one line on stderr."""
    argv = list(sys.argv[1:] if args is None else args)
    if (instruction := os.environ.get("_OSPREY_COMPLETE")) is not None:
        from click.shell_completion import shell_complete

        return shell_complete(osprey, {}, "osprey", "_OSPREY_COMPLETE", instruction)
    try:
        code = _invoked(argv)
        sys.stdout.flush()
    except BrokenPipeError:
        return _pipe_closed()
    return code


def _invoked(argv: list[str]) -> int:
    context: click.Context | None = None
    try:
        with osprey.make_context("osprey", argv) as context:
            osprey.invoke(context)
    except click.exceptions.Exit as exc:
        return exc.exit_code
    except click.ClickException as exc:
        exc.show()
        return exc.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        return 130
    except OspreyError as exc:
        return _report([exc], exc, context)
    except OSError as exc:
        if exc.errno not in _DISK_TROUBLE:
            raise
        where = f"{exc.filename}: " if exc.filename else ""
        return _report([StorageError(f"{where}{exc.strerror}; mend that, then try again")], exc, context)
    except BaseExceptionGroup as group:
        if group.subgroup(KeyboardInterrupt) is not None:
            return 130
        expected = _leaves(group)
        if not expected:
            raise
        return _report(expected, group, context)
    return 0


def _leaves(group: BaseExceptionGroup[Any]) -> list[OspreyError]:
    """Give the expected errors of a group; none if there is anything else in it, which is a defect."""
    if group.split(OspreyError)[1] is not None:
        return []
    leaves: list[OspreyError] = []
    for exc in group.exceptions:
        leaves += _leaves(cast("BaseExceptionGroup[Any]", exc)) if isinstance(exc, BaseExceptionGroup) else [exc]
    return leaves


def _report(errors: list[OspreyError], raised: BaseException, context: click.Context | None) -> int:
    if context is not None and context.params.get("debug"):
        import traceback

        traceback.print_exception(raised)
    for error in errors:
        click.echo(f"error: {error}", err=True)
    return int(max(error.exit_code for error in errors))


def _pipe_closed() -> int:
    """End quietly when the reader of our output went away, as `osprey ... | head` does."""
    # Python flushes stdout once more at its end; what it holds must have somewhere to go.
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, sys.stdout.fileno())
    os.close(null)
    return 128 + 13
