"""All that there is to say of one request, gathered for whichever interface shows it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from difflib import unified_diff
from typing import TYPE_CHECKING

from attrs import frozen

from osprey.approval.agreement import told_of_missing
from osprey.approval.kinds import EditableKind, PartialKind, card_of, kind_of_request
from osprey.approval.moved import Movement, moved_since_filed
from osprey.approval.rules import unmet
from osprey.errors import OspreyError, StorageError
from osprey.journal import DecisionRow, RequestRow, RequestState, journal_of
from osprey.journal.refusals import Refusal
from osprey.journal.requests.decisions import approvals_of
from osprey.journal.requests.entitlement import judge_seal
from osprey.journal.requests.steps import judge_rules

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from osprey.approval.card import Card
    from osprey.project import Project

OPEN_STATES = (RequestState.PENDING, RequestState.APPROVED)
"""States in which a request waits: for a decision, or to be carried out."""


@frozen(kw_only=True)
class Dossier:
    """A request with what has happened to it, and what stands in its way."""

    row: RequestRow
    card: Card
    said: tuple[DecisionRow, ...]
    """Votes, remarks, postponements, a no: in order."""
    votes: int
    """How many people have approved it, counted from sealed rows."""
    missing: str
    """Who else has to approve it while it waits for that."""
    unmet: str
    """Why nobody could give what it needs; empty if somebody can."""
    obstacles: tuple[str, ...]
    """Why it will not be carried out as it is stored, whoever approves it."""
    movement: Movement | None
    superseded: RequestRow | None
    """The request whose place it took."""
    difference: tuple[str, ...]
    """What it changed in that one, as a unified difference of what a person sees."""
    successor: RequestRow | None
    """The newest request that took its place, or continues it."""
    is_editable: bool
    is_partial: bool
    """Whether some of its items can be approved without the others."""


async def dossier_of(project: Project, request_id: str) -> Dossier:
    """Gather everything on a request; its machine is asked what has moved, if the request waits.

    :raises UsageError: there is no such request.
    :raises RefusedError: its kind is not declared, or its document not understood.
    :raises StorageError: its row was changed or damaged.
    """
    requests = journal_of(project).requests
    row = await requests.get(request_id)
    if not row.kind:  # the row is damaged; the journal gives what is left of it
        msg = f"request {row.id} cannot be shown: {row.reason}; run `osprey audit verify`"
        raise StorageError(msg)
    kind = kind_of_request(project, row.kind)
    superseded = None if row.supersedes is None else await requests.get(row.supersedes)
    given = (await project.database.read(lambda connection: _given(project, connection, [row])))[row.id]
    votes: Sequence[DecisionRow] = () if isinstance(given, Refusal) else given
    is_open, is_pending = row.state in OPEN_STATES, row.state is RequestState.PENDING
    return Dossier(
        row=row,
        card=kind.card(row),
        said=tuple(await requests.decisions(row.id)),
        votes=_count(given),
        missing=told_of_missing(project.config.approval, row, votes) if is_pending else "",
        unmet=unmet(project.config.approval, row.needs, row.authors) if is_pending else "",
        obstacles=tuple(_obstacles(project, row, given)) if is_open else (),
        movement=await moved_since_filed(project, row),
        superseded=superseded,
        difference=() if superseded is None else difference_between(project, superseded, row),
        successor=await requests.successor(row.id),
        is_editable=is_open and isinstance(kind, EditableKind) and bool(kind.editable(row)),
        is_partial=is_open and isinstance(kind, PartialKind) and kind.allows_partial,
    )


async def votes_of(project: Project, rows: Sequence[RequestRow]) -> Mapping[str, int]:
    """Count the people who have approved each of these requests; a forged vote counts for none."""
    given = await project.database.read(lambda connection: _given(project, connection, rows))
    return {request_id: _count(votes) for request_id, votes in given.items()}


async def missing_of(project: Project, row: RequestRow) -> str:
    """Say who else has to approve a request; empty if nobody has to. A forged vote counts for none."""
    if row.state is not RequestState.PENDING:
        return ""
    given = (await project.database.read(lambda connection: _given(project, connection, [row])))[row.id]
    return told_of_missing(project.config.approval, row, () if isinstance(given, Refusal) else given)


def _given(
    project: Project, connection: Connection, rows: Sequence[RequestRow]
) -> Mapping[str, Sequence[DecisionRow] | Refusal]:
    audit = journal_of(project).audit
    return {row.id: approvals_of(connection, audit, row) for row in rows}


def _count(given: Sequence[DecisionRow] | Refusal) -> int:
    return 0 if isinstance(given, Refusal) else len({vote.person for vote in given})


def _obstacles(project: Project, row: RequestRow, given: Sequence[DecisionRow] | Refusal) -> Iterable[str]:
    if (broken := judge_seal(journal_of(project).audit, row)) is not None:
        yield broken.message
    if isinstance(given, Refusal):
        yield given.message
    if (changed := judge_rules(row, project.config.approval.version)) is not None:
        yield changed.message


def difference_between(project: Project, before: RequestRow, after: RequestRow) -> tuple[str, ...]:
    """Give what a person sees differently in two requests: lines that begin with ``+``, ``-`` or a space."""
    try:
        old, new = (_lines_of(card_of(project, row)) for row in (before, after))
    except OspreyError as exc:
        return (f"  it cannot be compared with request {before.id}: {exc}",)
    drawn = list(unified_diff(old, new, n=1, lineterm=""))
    # Two lines name files, the third is the place of the first change; of the other places only the gap is of interest.
    return tuple(" ..." if line.startswith("@@") else line for line in drawn[3:])


def _lines_of(card: Card) -> list[str]:
    """Lay out what a card asks for, without the values of the moment, which move by themselves."""
    lines = [f"{row.channel} = {row.new} {row.unit}".rstrip() for row in card.rows]
    lines += [f"afterwards read {channel}" for channel in card.observed]
    lines += card.code.splitlines()
    for section in card.sections:
        lines += [f"{section.title}:", *(f"  {line}" for line in section.text.splitlines())]
    return lines
