"""`osprey chat`: a conversation in one thread."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread
import click

from osprey.cli.ask_commands import settle_turn, show_progress, show_turn, told_of_cut
from osprey.cli.context import cli_project
from osprey.cli.signals import draining
from osprey.errors import ConfigError, OspreyError
from osprey.printable import printable

if TYPE_CHECKING:
    from osprey.agent.session import Agent


@click.command()
@click.option("--thread", metavar="THREAD", help="Go on in this thread; without it a new one begins.")
@click.option("--target", metavar="NAME", help="Ask this target instead of the default one.")
def chat(thread: str | None, target: str | None) -> None:
    """Talk in a thread, a line a message; /help lists what else can be said, /exit ends it.

    What would change the machine is shown and decided here, as in `osprey ask`. Lines may come from a pipe.
    """
    anyio.run(_chat, thread, target)


async def _chat(thread: str | None, target: str | None) -> None:
    from osprey.agent.beginning import new_thread
    from osprey.agent.session import open_agent

    async with cli_project() as project, open_agent(project) as agent, draining(reader := _Reader(agent)):
        while (line := await reader.read(thread)) is not None:
            if not line.strip():
                continue
            thread = thread or new_thread()
            try:
                async with told_of_cut(project, thread):
                    result = await agent.ask(line, thread=thread, target=target, listener=show_progress)
                result = await settle_turn(project, agent, result, is_asked=True)
            except ConfigError:
                raise
            except OspreyError as exc:  # one message that went wrong does not end the conversation
                click.echo(f"error: {printable(str(exc))}", err=True)
                continue
            show_turn(result)
            if result.is_exit or result.status == "stopped":
                break
    if thread is not None:
        click.echo(f"To go on: osprey chat --thread {thread}", err=True)


class _Reader:
    """Reads messages until the input ends, or the conversation is told to."""

    def __init__(self, agent: Agent) -> None:
        self._agent = agent
        self._waiting = anyio.CancelScope()

    def drain(self) -> None:
        """Wait for no further message, and have the agent end what is under way."""
        self._agent.drain()
        self._waiting.cancel()

    async def read(self, thread: str | None) -> str | None:
        """Read a line; None at the end."""
        if sys.stdin.isatty():
            click.echo(f"{thread or 'new thread'}> ", nl=False, err=True)
        line = ""
        with self._waiting:
            # Ctrl-C ends the command at once; the thread that reads is left to the end of the process.
            line = await anyio.to_thread.run_sync(sys.stdin.readline, abandon_on_cancel=True)
        if not self._waiting.cancel_called:
            self._waiting = anyio.CancelScope()
        return line.rstrip("\n") if line else None
