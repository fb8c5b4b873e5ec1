"""Ask a person for a decision in a terminal: show everything, flush what was typed before, take the hash."""

from __future__ import annotations

import os
import sys
import termios
from typing import TYPE_CHECKING

import anyio
import click

from osprey.approval import DecisionWord, card_of, current_actor, parse_decision
from osprey.approval.decisions import Decision, short_hash
from osprey.cli.approval_view import print_card
from osprey.journal import journal_of

if TYPE_CHECKING:
    from osprey.journal import RequestRow
    from osprey.project import Project


def has_terminal() -> bool:
    """Say if a person can both read the request and type the decision here."""
    return sys.stdin.isatty() and sys.stdout.isatty()


async def decide_in_terminal(project: Project, request_id: str) -> bool:
    """Show a pending request and carry the typed decision to the journal; False if it was put off."""
    requests = journal_of(project).requests
    row = await requests.get(request_id)
    if row.state != "pending":
        return False
    print_card(card_of(project, row))
    decision = await _ask_for_decision(row)
    actor = current_actor()
    match decision.word:
        case DecisionWord.APPROVE:
            await requests.approve(row.id, decision.hash_prefix, actor)
        case DecisionWord.REJECT:
            await requests.reject(row.id, actor, decision.reason)
        case DecisionWord.LATER:
            return False
    return True


async def _ask_for_decision(row: RequestRow) -> Decision:
    hint = f"approve {short_hash(row.sha256)} | reject REASON | later"
    # What was typed before the request was on the screen cannot be an answer to it.
    termios.tcflush(sys.stdin.fileno(), termios.TCIFLUSH)
    while True:
        click.echo(f"Decision ({hint})\n> ", nl=False)
        line = await _read_line(sys.stdin.fileno())
        decision = Decision(word=DecisionWord.LATER) if line is None else parse_decision(line, sha256=row.sha256)
        if decision is not None:
            return decision
        click.echo("That is not a decision. Type one of the three forms exactly; nothing else approves.")


async def _read_line(terminal: int) -> str | None:
    """Read one line without blocking the loop, so that Ctrl-C ends the command at once; None at the end."""
    await anyio.wait_readable(terminal)
    # A terminal hands over one whole line; what comes after it stays there, and is asked about anew.
    line = os.read(terminal, 4096)
    return line.decode(errors="replace") if line else None
