"""`osprey ask` and `osprey resume`: a question, its approval in the terminal, the answer."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any

import anyio
import click

from osprey.agent.events import Event, PlanMade, StepRetried
from osprey.cli.context import cli_project
from osprey.cli.signals import draining
from osprey.errors import ConflictError, ExitCode, OspreyError
from osprey.printable import printable, printable_lines

if TYPE_CHECKING:
    from osprey.agent.session import Agent
    from osprey.agent.state import TurnResult
    from osprey.project import Project

_EXIT_CODES = {
    "done": ExitCode.DONE,
    "waiting": ExitCode.WAITING,
    "refused": ExitCode.REFUSED,
    "failed": ExitCode.FAILED,
    "stopped": ExitCode.FAILED,
}
_WORST_FIRST = (ExitCode.FAILED, ExitCode.REFUSED, ExitCode.WAITING)


@click.command()
@click.argument("question", nargs=-1, required=True)
@click.option("--target", metavar="NAME", help="Ask this target instead of the default one.")
@click.option("--thread", metavar="THREAD", help="Go on in this thread: what was said in it before counts.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON; never ask for a decision.")
def ask(question: tuple[str, ...], target: str | None, thread: str | None, as_json: bool) -> None:
    """Ask in plain words.

    What would change the machine is shown first, and done only after a decision. Without a terminal the
    command ends with exit code 4 and the request's id; `osprey approvals` and `osprey resume` go on from
    there, in any process.
    """
    anyio.run(_ask, " ".join(question), target, thread, as_json)


@click.command()
@click.argument("thread")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON; never ask for a decision.")
def resume(thread: str, as_json: bool) -> None:
    """Go on with a thread after a decision or a crash; what was done is never done again."""
    anyio.run(_resume, thread, as_json)


async def _ask(question: str, target: str | None, thread: str | None, as_json: bool) -> None:
    from osprey.agent.beginning import new_thread
    from osprey.agent.session import open_agent

    async with cli_project() as project, open_agent(project) as agent, draining(agent):
        listener, thread = None if as_json else show_progress, thread or new_thread()
        async with told_of_cut(project, thread):
            result = await agent.ask(question, target=target, thread=thread, listener=listener)
        await conclude_turn(project, agent, result, as_json)


async def _resume(thread: str, as_json: bool) -> None:
    from osprey.agent.session import open_agent

    async with cli_project() as project, open_agent(project) as agent, draining(agent):
        *others, newest = await agent.resume_all(thread, listener=None if as_json else show_progress)
        if not as_json:
            for result in others:
                click.echo(f"{printable(result.task)}:")
                show_turn(result)
        await conclude_turn(project, agent, newest, as_json, others)


@asynccontextmanager
async def told_of_cut(project: Project, thread: str) -> AsyncGenerator[None]:
    """Where a turn ends in an error or Ctrl-C, say how to go on with it: its thread's name may be on no screen yet."""
    from osprey.sessions import threads_of

    try:
        yield
    except BaseException:
        with anyio.CancelScope(shield=True), suppress(OspreyError):
            if await threads_of(project).turns(thread, unfinished_only=True):
                click.echo(f"To go on with what was begun: osprey resume {thread}", err=True)
        raise


async def conclude_turn(
    project: Project, agent: Agent, result: TurnResult, as_json: bool, others: Sequence[TurnResult] = ()
) -> None:
    """Ask for the decision a turn waits for, if a person can be asked here; show the turn, and end with its code.

    :param others: further turns that went on and are shown already; the worst of all codes counts.
    """
    result = await settle_turn(project, agent, result, is_asked=not as_json)
    if as_json:
        more = {"others": [_plain(one) for one in others]} if others else {}
        click.echo(json.dumps({**_plain(result), **more}, ensure_ascii=False))
    else:
        show_turn(result)
        await _tell_of_others(project, result)
    codes = {_EXIT_CODES[one.status] for one in (result, *others)}
    code = next((code for code in _WORST_FIRST if code in codes), ExitCode.DONE)
    if code:
        raise SystemExit(int(code))


async def settle_turn(project: Project, agent: Agent, result: TurnResult, *, is_asked: bool) -> TurnResult:
    """Ask for each decision that a turn waits for, as long as a person can be asked here and decides."""
    from osprey.cli.approvals.prompt import decide_in_terminal
    from osprey.cli.terminal import has_terminal

    while result.status == "waiting" and result.approval and is_asked and has_terminal():
        try:
            if not await decide_in_terminal(project, result.approval):
                break
        except anyio.get_cancelled_exc_class():  # Ctrl-C decides nothing: the request waits
            click.echo(f"\n{_what_to_do(result)}", err=True)
            raise
        try:
            result = await agent.resume(result.thread, turn=result.turn, listener=show_progress)
        except ConflictError as exc:  # whoever decided it elsewhere goes on with it there
            click.echo(f"{printable(str(exc))}\n{_what_to_do(result)}", err=True)
            raise SystemExit(int(ExitCode.WAITING)) from exc
    return result


async def _tell_of_others(project: Project, result: TurnResult) -> None:
    """Say in a line that more requests wait, so that nobody's is forgotten over one's own."""
    from osprey.journal import journal_of

    others = await journal_of(project).requests.count_waiting(but=result.approval)
    if others:
        some = "1 other request waits" if others == 1 else f"{others} other requests wait"
        click.echo(f"{some} for a decision: osprey approvals list", err=True)


def _plain(result: TurnResult) -> dict[str, Any]:
    return {
        "thread": result.thread,
        "status": result.status.value,
        "answer": result.answer,
        "approval": result.approval,
        "runs": list(result.runs),
        "artifacts": list(result.artifacts),
        "warnings": list(result.warnings),
    }


def show_turn(result: TurnResult) -> None:
    """Show what became of a turn: warnings and what to do on stderr, the answer and its files on stdout."""
    for warning in result.warnings:
        click.echo(f"warning: {printable_lines(warning)}", err=True)
    if result.answer:
        click.echo(printable_lines(result.answer))
    for artifact in result.artifacts:
        click.echo(f"  {printable(artifact)}")
    if result.status == "waiting":
        click.echo(_what_to_do(result), err=True)


def _what_to_do(result: TurnResult) -> str:
    if result.is_decided:
        return f"Once that is mended, go on with:\n  osprey resume {result.thread}"
    return (
        f"Waiting for a decision on request {result.approval}:\n"
        f"  osprey approvals show {result.approval}\n"
        f"  osprey resume {result.thread}      # once it is decided"
    )


def show_progress(event: Event) -> None:
    """Draw what a turn tells while it runs, for a person who waits at a terminal."""
    if not sys.stderr.isatty():
        return
    match event:
        case PlanMade():
            for number, step in enumerate(event.steps, start=1):
                _dimmed(f"{number}. {step.objective} ({step.capability})")
        case StepRetried():
            _dimmed(f"   {event.key}: {event.why}; attempt {event.attempt}")
        case _:
            pass


def _dimmed(text: str) -> None:
    text = printable(text)
    click.echo(text if os.environ.get("NO_COLOR") else click.style(text, dim=True), err=True)
