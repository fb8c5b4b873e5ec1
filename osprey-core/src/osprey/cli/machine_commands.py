"""`osprey ledger` and `osprey halt`: what was sent to machines, and stopping it."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import anyio
import click

from osprey.cli.context import on_journal
from osprey.errors import UsageError

if TYPE_CHECKING:
    from osprey.journal import HaltState, IntentRow, Journal


@click.group()
def ledger() -> None:
    """Show every write and every doubt; settle a doubt."""


@ledger.command("list")
@click.option("--all", "show_all", is_flag=True, help="Every write there ever was, not the unresolved alone.")
@click.option("--json", "as_json", is_flag=True, help="Print an array of objects.")
def list_intents(show_all: bool, as_json: bool) -> None:
    """List the writes that are under way or in doubt."""

    async def work(journal: Journal) -> tuple[list[IntentRow], HaltState]:
        return await journal.ledger.list(unresolved_only=not show_all), await journal.halt.state()

    rows, halt_state = on_journal(work)
    if halt_state.is_set:
        click.echo(f"All writes are halted by {halt_state.actor}: {halt_state.reason}", err=True)
    if as_json:
        click.echo(json.dumps([_plain_intent(row) for row in rows], ensure_ascii=False))
        return
    if not rows:
        click.echo("No write was ever sent." if show_all else "No write is under way or in doubt.", err=True)
    for row in rows:
        click.echo(_intent_line(row))
    if any(row.state == "in_doubt" for row in rows):
        click.echo(
            "Look at the machine, then: osprey ledger settle ID --landed|--did-not-land --reason ...",
            err=True,
        )


@ledger.command("settle")
@click.argument("intent_id", metavar="ID", type=int)
@click.option("--landed", is_flag=True, help="The value did reach the machine.")
@click.option("--did-not-land", "did_not_land", is_flag=True, help="The value did not reach the machine.")
@click.option("--reason", required=True, help="How you know; it is kept.")
def settle_intent(intent_id: int, landed: bool, did_not_land: bool, reason: str) -> None:
    """Say what became of a write in doubt; its channel may then be written again."""
    if landed == did_not_land:
        msg = "say exactly one of --landed and --did-not-land"
        raise UsageError(msg)

    async def work(journal: Journal) -> IntentRow:
        from osprey.approval import current_actor

        how = "landed" if landed else "did_not_land"
        return await journal.ledger.settle(intent_id, current_actor(), how, reason)

    row = on_journal(work)
    click.echo(f"Settled write {row.id}: {row.channel} on {row.target} {row.outcome.replace('_', ' ')}.")


@ledger.command("restore")
@click.argument("request_id", metavar="REQUEST")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON; never ask for a decision.")
def restore_request(request_id: str, as_json: bool) -> None:
    """Ask for the old values of what a request changed before it stopped half-way, last write first.

    It is a request of its own: judged on the machine as it is now, approved, and carried out as any other.
    """
    from osprey.cli.ledger_restore import restore

    anyio.run(restore, request_id, as_json)


@click.command()
@click.option("--release", is_flag=True, help="Let approved writes happen again.")
@click.option("--reason", default="", help="Why; others will read it.")
def halt(release: bool, reason: str) -> None:
    """Stop all writes and cut off running turns, at once and in every process, or release the stop.

    What was approved and not begun is taken back: it needs a new request after the release.
    """

    async def work(journal: Journal) -> HaltState:
        from osprey.approval import current_actor

        # Nobody has to think of words before a machine is stopped.
        change = journal.halt.release if release else journal.halt.set
        return await change(current_actor(), reason.strip() or "no reason was given")

    state = on_journal(work)
    if state.is_set:
        click.echo("Halted: nothing is written until `osprey halt --release`.")
        if state.revoked:
            click.echo(f"Taken back, though approved: {', '.join(state.revoked)}")
    else:
        click.echo("Released: approved writes may happen again.")


def _plain_intent(row: IntentRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "request": row.request_id,
        "actor": row.actor,
        "target": row.target,
        "channel": row.channel,
        "group": row.group,
        "index": row.index,
        "value": _readable(row.value),
        "before": _readable(row.before),
        "exact": row.value,
        "state": row.state.value,
        "outcome": row.outcome,
        "readback": _readable(row.observed),
        "reason": row.reason,
        "opened": _utc(row.opened_ns),
        "closed": None if row.closed_ns is None else _utc(row.closed_ns),
        "settled_by": row.settled_by,
    }


def _intent_line(row: IntentRow) -> str:
    known = row.outcome.replace("_", " ") or "no receipt yet"
    told = f"  {row.reason}" if row.reason else ""
    return (
        f"{row.id:>6}  {row.state.replace('_', ' '):<8}  {row.target}  {row.channel}  "
        f"{_readable(row.before)} -> {_readable(row.value)}  {known}  {row.request_id}  {_utc(row.opened_ns)}{told}"
    )


def _readable(form: Any) -> Any:
    """Give a value as people write it; a form that is not the guard's stays as it is."""
    from osprey.control.exact import unpacked

    try:
        value = unpacked(form)
    except (TypeError, ValueError, KeyError):
        return form
    # JSON has no word for them.
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def _utc(time_ns: int) -> str:
    return datetime.fromtimestamp(time_ns / 1e9, tz=UTC).isoformat(timespec="seconds")
