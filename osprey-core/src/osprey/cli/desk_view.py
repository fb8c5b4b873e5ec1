"""What the desk answered, in a terminal and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import click

from osprey.approval.agreement import told_of_needs
from osprey.approval.decisions import short_hash
from osprey.cli.approvals.listing import time_left, utc
from osprey.journal import RequestState
from osprey.printable import printable

if TYPE_CHECKING:
    from osprey.approval.desk_service.messages import Entry, Said, Shown

_UNDECIDED = (RequestState.PENDING, RequestState.APPROVED)


def print_entries(entries: Sequence[Entry], *, as_json: bool) -> None:
    """Print one line a request."""
    if as_json:
        click.echo(json.dumps([plain_entry(entry) for entry in entries], ensure_ascii=False))
        return
    if not entries:
        click.echo("Nothing waits for a decision.", err=True)
    for entry in entries:
        name = f"{printable(entry.id)}  {printable(short_hash(entry.sha256))}"
        stands = f"{entry.state.replace('_', ' '):<9}  {entry.votes} of {entry.needs.persons}"
        ends = f"ends in {time_left(entry.expires_ns)}" if entry.state in _UNDECIDED else ""
        click.echo(f"{name}  {stands}  {ends:<15}  {printable(entry.title)}  ({printable(entry.risk)})")


def print_shown(shown: Shown, *, as_json: bool) -> None:
    """Print one request: its card, who has said what, what has moved, and how to decide."""
    if as_json:
        click.echo(json.dumps(_plain_shown(shown), ensure_ascii=False))
        return
    from osprey.cli.approvals.view import print_card

    print_card(shown.card)
    for line in _standing(shown):
        click.echo(line)


def _standing(shown: Shown) -> Iterable[str]:
    entry = shown.entry
    yield from (f"OBSTACLE: {printable(obstacle)}" for obstacle in shown.obstacles)
    yield f"Needs {printable(told_of_needs(entry.needs))}; approved by {entry.votes} of {entry.needs.persons}."
    if entry.missing:
        yield f"Missing: {printable(entry.missing)}."
    yield from (f"Said: {_told(said)}" for said in shown.said)
    yield from (f"Moved since: {printable(line)}" for line in shown.moved)
    if shown.looked_at and not shown.moved:
        yield f"Moved since: nothing ({shown.looked_at} channels read just now)."
    if entry.supersedes is not None:
        yield f"In place of request {printable(entry.supersedes)}, with this difference:"
        yield from (f"  {printable(line)}" for line in shown.difference)
    if shown.successor is not None:
        yield f"Request {printable(shown.successor)} goes on from here."
    if entry.state is RequestState.PENDING:
        yield f"Approve exactly this: osprey desk approve {printable(entry.id)} --hash {short_hash(entry.sha256)}"


def _told(said: Said) -> str:
    text = f": {printable(said.text)}" if said.text else ""
    return f"{utc(said.ns)} {printable(said.person)} {said.word} [{printable(said.method)}]{text}"


def plain_entry(entry: Entry) -> dict[str, Any]:
    """Give the fields that every listing of requests shows."""
    return {
        "id": entry.id,
        "kind": entry.kind,
        "title": entry.title,
        "hash": entry.sha256,
        "thread": entry.thread,
        "state": entry.state.value,
        "risk": entry.risk,
        "created": utc(entry.created_ns),
        "expires": utc(entry.expires_ns),
        "needs": told_of_needs(entry.needs) if entry.state is RequestState.PENDING else "",
        "requester": entry.requester,
        "votes": entry.votes,
        "persons": entry.needs.persons,
        "supersedes": entry.supersedes,
    }


def _plain_shown(shown: Shown) -> dict[str, Any]:
    return {
        **plain_entry(shown.entry),
        "document": json.loads(shown.document),
        "missing": shown.entry.missing,
        "obstacles": list(shown.obstacles),
        "moved": list(shown.moved),
        "difference": list(shown.difference),
        "successor": shown.successor,
        "said": [
            {
                "word": said.word.value,
                "person": said.person,
                "method": said.method,
                "at": utc(said.ns),
                "text": said.text,
            }
            for said in shown.said
        ],
    }
