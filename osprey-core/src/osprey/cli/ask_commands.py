"""`osprey ask` and `osprey resume`: a question, its approval in the terminal, the answer."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import anyio
import click

from osprey.cli.context import cli_project
from osprey.errors import ConflictError, ExitCode
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
}


@click.command()
@click.argument("question", nargs=-1, required=True)
@click.option("--target", metavar="NAME", help="Ask this target instead of the default one.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON; never ask for a decision.")
def ask(question: tuple[str, ...], target: str | None, as_json: bool) -> None:
    """Ask in plain words.

    What would change the machine is shown first, and done only after a decision. Without a terminal the
    command ends with exit code 4 and the request's id; `osprey approvals` and `osprey resume` go on from
    there, in any process.
    """
    anyio.run(_ask, " ".join(question), target, as_json)


@click.command()
@click.argument("thread")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON; never ask for a decision.")
def resume(thread: str, as_json: bool) -> None:
    """Go on with a thread after a decision or a crash; what was done is never done again."""
    anyio.run(_resume, thread, as_json)


async def _ask(question: str, target: str | None, as_json: bool) -> None:
    from osprey.agent.session import open_agent

    async with cli_project() as project, open_agent(project) as agent:
        result = await agent.ask(question, target=target, on_progress=None if as_json else _show_progress)
        await conclude_turn(project, agent, result, as_json)


async def _resume(thread: str, as_json: bool) -> None:
    from osprey.agent.session import open_agent

    async with cli_project() as project, open_agent(project) as agent:
        result = await agent.resume(thread, on_progress=None if as_json else _show_progress)
        await conclude_turn(project, agent, result, as_json)


async def conclude_turn(project: Project, agent: Agent, result: TurnResult, as_json: bool) -> None:
    """Ask for the decision a turn waits for, if a person can be asked here; show the turn, and end with its code."""
    from osprey.cli.approvals.prompt import decide_in_terminal
    from osprey.cli.terminal import has_terminal

    while result.status == "waiting" and result.approval and not as_json and has_terminal():
        try:
            if not await decide_in_terminal(project, result.approval):
                break
        except anyio.get_cancelled_exc_class():  # Ctrl-C decides nothing: the request waits
            click.echo(f"\n{_what_to_do(result)}", err=True)
            raise
        try:
            result = await agent.resume(result.thread, on_progress=_show_progress)
        except ConflictError as exc:  # whoever decided it elsewhere goes on with it there
            click.echo(f"{printable(str(exc))}\n{_what_to_do(result)}", err=True)
            raise SystemExit(int(ExitCode.WAITING)) from exc
    if as_json:
        click.echo(json.dumps(_plain(result), ensure_ascii=False))
    else:
        _show(result)
        await _tell_of_others(project, result)
    code = _EXIT_CODES[result.status]
    if code:
        raise SystemExit(int(code))


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


def _show(result: TurnResult) -> None:
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


def _show_progress(node: str, changed: Mapping[str, Any]) -> None:
    if not sys.stderr.isatty():
        return
    if node == "plan" and changed.get("plan"):
        for number, step in enumerate(changed["plan"]["steps"], start=1):
            text = printable(f"{number}. {step['task_objective']} ({step['capability']})")
            click.echo(text if os.environ.get("NO_COLOR") else click.style(text, dim=True), err=True)
