"""What a command gets from the options before its name: the project, and how plugins load."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from attrs import evolve

from osprey.plugins.options import LoadOptions, PluginSettings

if TYPE_CHECKING:
    from osprey.journal import Journal
    from osprey.plugins.registry import Registry
    from osprey.project import Project

T = TypeVar("T")


def _root_params(ctx: click.Context | None) -> Mapping[str, Any]:
    found = ctx or click.get_current_context(silent=True)
    return {} if found is None else found.find_root().params


def load_options(ctx: click.Context | None = None) -> LoadOptions:
    """Give what the flags and the environment say about plugins.

    :param ctx: any context below the root group; None: the current one.
    """
    params = _root_params(ctx)
    options = LoadOptions.from_environ(os.environ)
    return evolve(
        options,
        disable=(*options.disable, *params.get("no_plugin", ())),
        local=tuple(params.get("local", ())),
        safe_mode=bool(params.get("safe_mode")),
        strict=bool(params.get("strict_plugins")),
    )


def project_start(ctx: click.Context | None = None) -> Path | None:
    """Give the folder of `--project`; None: the project is looked for."""
    return _root_params(ctx).get("project")


def plugin_settings(ctx: click.Context | None = None) -> PluginSettings:
    """Read the configuration's `plugins` section and nothing else of it.

    :raises ConfigError: the file or the section is broken.
    """
    from osprey.cli.plugin_settings import read_plugin_settings

    return read_plugin_settings(project_start(ctx))


def cli_project(*, needs_plugins: bool = True) -> Project:
    """Open the project of the current command; the caller closes it (`async with`).

    Bad plugins are named on stderr, one line each, and so are write policies that are not in force.

    :param needs_plugins: False for what must work whatever the plugins do, such as stopping all writes.
    :raises ConfigError: the configuration is broken.
    :raises PluginError: a policy plugin cannot be used, or a required one is not there.
    """
    from osprey.project import open_project

    project = open_project(project_start(), options=load_options())
    if needs_plugins:
        warn_of_plugins(project.registry)
    return project


def on_project(work: Callable[[Project], Awaitable[T]]) -> T:
    """Run `work` on the command's project, whatever the plugins do.

    Stopping a machine, and looking at what was sent, must not depend on any of them.
    """
    import anyio

    async def run() -> T:
        async with cli_project(needs_plugins=False) as project:
            return await work(project)

    return anyio.run(run)


def on_journal(work: Callable[[Journal], Awaitable[T]]) -> T:
    """Run `work` on the journal of the command's project, whatever the plugins do."""
    from osprey.journal import journal_of

    return on_project(lambda project: work(journal_of(project)))


def warn_of_plugins(registry: Registry) -> None:
    """Say on stderr which plugins are bad and which write policies are not in force."""
    for status in registry.plugins:
        if status.is_bad:
            click.echo(f"warning: plugin {status.name!r} is {status.status}: {status.reason}", err=True)
    for name in registry.policies_disabled:
        click.echo(
            f"WARNING: config.yml disables plugin {name!r}; the write policies it holds are NOT in force",
            err=True,
        )
    for name in registry.policies_withheld:
        click.echo(
            f"WARNING: the write policies of plugin {name!r} are not loaded; nothing real can be written",
            err=True,
        )
