"""Ask a person for a decision in a terminal: show everything, flush what was typed before, take the hash.

Only an answer in its exact form decides. Anything else is kept with the request as a remark.
"""

from __future__ import annotations

import os
import sys
import termios
from enum import Enum, auto
from typing import TYPE_CHECKING, Final

import anyio
import click

from osprey.approval import AnswerWord, desk, identity_of, parse_decision
from osprey.approval.decisions import Decision, may_tell_secret, short_hash
from osprey.approval.dossier import Dossier, dossier_of, missing_of
from osprey.cli.approvals.approving import told_of_approval
from osprey.cli.approvals.editing import print_revision
from osprey.cli.approvals.editor import edit_in_editor
from osprey.cli.approvals.meanwhile import PROMPT, Meanwhile
from osprey.cli.approvals.people import Claimed, identity_of_claim
from osprey.cli.approvals.view import print_dossier
from osprey.errors import ConflictError, RefusedError, UsageError
from osprey.journal import RequestState, journal_of
from osprey.printable import printable

if TYPE_CHECKING:
    from osprey.journal import RequestRow
    from osprey.project import Project

_LONGEST_LINE: Final = 4096


class Silence(Enum):
    """Why no line was typed."""

    END_OF_INPUT = auto()
    DECIDED = auto()
    """The request waits no more: another terminal, or its time."""


class _Next(Enum):
    """What to do after an answer."""

    LOOK = auto()
    """See how it stands with the request now; ask again if it still waits."""
    LEAVE = auto()
    """It waits on."""


async def decide_in_terminal(project: Project, request_id: str) -> bool:
    """Show a request that waits and carry the typed decision to the desk.

    An edit, here or elsewhere, is followed: what took the request's place is shown and asked about.

    :return: True once it is decided, here or elsewhere; False if it waits on, or did not wait at all.
    """
    shown: Dossier | None = None
    meanwhile: Meanwhile | None = None
    while (row := await _newest(project, request_id)).state is RequestState.PENDING:
        if shown is None or meanwhile is None or shown.row.id != row.id:
            if shown is not None:
                click.echo(f"\n{row.id} is in the place of {shown.row.id} now; it is another request: read it anew.")
            shown = await dossier_of(project, row.id)
            print_dossier(shown, says_how=False)
            meanwhile = Meanwhile(project, row, len(shown.said))
        if await _ask(project, shown, meanwhile) is _Next.LEAVE:
            return False
    if shown is not None and row.state is not RequestState.APPROVED:
        click.echo(_told_of_end(row))
    return shown is not None


async def _newest(project: Project, request_id: str) -> RequestRow:
    requests = journal_of(project).requests
    row = await requests.get(request_id)
    if row.state is not RequestState.SUPERSEDED:
        return row
    return await requests.successor(request_id) or row


def _told_of_end(row: RequestRow) -> str:
    if row.state is RequestState.EXPIRED:
        return f"\nThe time of request {row.id} is over: it has expired, and nobody has decided it."
    by = f" by {printable(row.decided_by)}" if row.decided_by else ""
    return f"\nRequest {row.id} is {row.state.replace('_', ' ')}{by}."


async def _ask(project: Project, dossier: Dossier, meanwhile: Meanwhile) -> _Next:
    row = dossier.row
    if (warning := meanwhile.warning()) is not None:
        click.echo(warning)
    # What was typed before the request was on the screen cannot be an answer to it.
    termios.tcflush(sys.stdin.fileno(), termios.TCIFLUSH)
    click.echo(f"Decision ({_hint(dossier)})\n{PROMPT}", nl=False)
    line = await _line_or_silence(meanwhile)
    if isinstance(line, Silence):
        return _Next.LEAVE if line is Silence.END_OF_INPUT else _Next.LOOK
    decision = parse_decision(line, sha256=row.sha256)
    try:
        if decision is None:
            await _keep_remark(project, row, line, meanwhile)
            return _Next.LOOK
        return await _carry(project, row, decision)
    except RefusedError as exc:
        click.echo(f"Refused [{exc.rule}]: {printable(str(exc))}")
    except (UsageError, ConflictError) as exc:
        click.echo(f"Not done: {printable(str(exc))}")
    return _Next.LOOK


def _hint(dossier: Dossier) -> str:
    short, needs = short_hash(dossier.row.sha256), dossier.row.needs
    ways = [f"approve {short} as NAME"] if needs.needs_secret else [f"approve {short}"]
    if dossier.is_partial and len(dossier.card.rows) > 1:
        ways.append(f"approve {short} only 1,2")
    if dossier.is_editable:
        ways.append("edit")
    return " | ".join([*ways, "reject REASON", "later"])


async def _carry(project: Project, row: RequestRow, decision: Decision) -> _Next:
    match decision.word:
        case AnswerWord.APPROVE:
            return await _approve(project, row, decision)
        case AnswerWord.EDIT:
            print_revision(project, row, await edit_in_editor(project, row, identity_of(project)))
        case AnswerWord.REJECT:
            await desk.reject(project, row.id, identity_of(project), decision.reason)
        case AnswerWord.LATER:
            await desk.postpone(project, row.id, identity_of(project))
            return _Next.LEAVE
    return _Next.LOOK


async def _approve(project: Project, row: RequestRow, decision: Decision) -> _Next:
    identity = await identity_of_claim(project, Claimed(name=decision.name or None))
    if decision.only:
        after = await desk.approve_some(project, row.id, decision.hash_prefix, decision.only, identity)
    else:
        after = await desk.approve(project, row.id, decision.hash_prefix, identity)
    if after.state is not RequestState.PENDING:
        return _Next.LOOK
    click.echo(f"{told_of_approval(after, row.id, await missing_of(project, after))}.")
    return _Next.LEAVE


async def _keep_remark(project: Project, row: RequestRow, line: str, meanwhile: Meanwhile) -> None:
    if not line.strip():
        return
    click.echo("That is not a decision, and nothing was decided. Type one of the forms exactly; nothing else approves.")
    if may_tell_secret(line):
        click.echo("It was not kept either: a secret is asked for by itself, where nothing shows or keeps it.")
        return
    meanwhile.leave_out(line.strip())
    await desk.comment(project, row.id, identity_of(project), line.strip())
    click.echo("It is kept with the request as a remark, which others see. To ask something else, type: later")


async def _line_or_silence(meanwhile: Meanwhile) -> str | Silence:
    """Wait for a line, and for what others do with the request."""
    found: str | Silence = Silence.DECIDED

    async with anyio.create_task_group() as group:

        async def watch() -> None:
            await meanwhile.until_decided()
            group.cancel_scope.cancel()

        group.start_soon(watch)
        line = await _read_line(sys.stdin.fileno())
        found = Silence.END_OF_INPUT if line is None else line
        group.cancel_scope.cancel()
    return found


async def _read_line(terminal: int) -> str | None:
    """Read one line without blocking the loop, so that Ctrl-C ends the command at once; None at the end."""
    await anyio.wait_readable(terminal)
    try:
        # A terminal hands over one whole line; what comes after it stays there, and is asked about anew.
        line = os.read(terminal, _LONGEST_LINE)
    except OSError:  # the terminal is gone
        return None
    return line.decode(errors="replace") if line else None
