"""`osprey guard`: the guard as a process of its own, for `control_system.guard: socket`."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import anyio
import click

from osprey.errors import UsageError

if TYPE_CHECKING:
    from osprey.project import Project


@click.group()
def guard() -> None:
    """Run the guard as a process of its own."""


@guard.command("serve")
def serve() -> None:
    """Hold the connections for writes and answer the project's callers, until stopped (Ctrl-C, SIGTERM)."""
    anyio.run(_serve)


async def _serve() -> None:
    from osprey.cli.context import cli_project
    from osprey.cli.signals import stop_on_signal
    from osprey.config.schema import GuardMode

    async with cli_project() as project:
        if project.config.control_system.guard is not GuardMode.SOCKET:
            msg = "nobody would ask this guard: set `control_system.guard: socket` in config.yml first"
            raise UsageError(msg)
        async with anyio.create_task_group() as group:
            group.start_soon(stop_on_signal, group.cancel_scope)
            await _serve_project(project)


async def _serve_project(project: Project) -> None:
    from osprey.approval.notices import tell_outcome
    from osprey.control.guard.guard import Guard
    from osprey.control.guard.server import SOCKET_FILE, serve_guard
    from osprey.journal.values import CONCLUSIONS

    own = Guard(project)
    path = project.state_dir / SOCKET_FILE
    async with anyio.create_task_group() as group:
        serving = partial(serve_guard, own, path, users=project.config.control_system.guard_users)
        await group.start(serving)
        # Only the one that holds the socket takes over what others left.
        reports = await own.recover()
        for report in reports:
            click.echo(f"After a crash, request {report.request_id}: {report.reason}", err=True)
        click.echo(f"The guard serves {path}", err=True)
        for report in reports:
            await tell_outcome(project, report.request_id, CONCLUSIONS)
