"""The claim: the one transaction after which the first group of an approved request may be sent."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from typing import Any, Final

from attrs import evolve, frozen
from sqlalchemy import Connection, select

from osprey.journal.audit.chain import Audit
from osprey.journal.halt import judge_halt
from osprey.journal.ledger.intents import UNRESOLVED
from osprey.journal.owner import Owner
from osprey.journal.refusals import Refusal
from osprey.journal.requests.entitlement import judge_entitlement
from osprey.journal.requests.requests import Requests
from osprey.journal.requests.steps import judge_document, judge_state, move_request, unknown_request
from osprey.journal.rows import StoredObject, encode
from osprey.journal.tables import INTENTS
from osprey.journal.values import (
    ActorLike,
    IntentState,
    RequestRow,
    RequestState,
)
from osprey.storage.prepared import Prepared

_UNRESOLVED: Final = Prepared(
    select(INTENTS.c.id, INTENTS.c.request_id, INTENTS.c.target, INTENTS.c.channel, INTENTS.c.state).where(UNRESOLVED)
)
_INTO_INTENTS: Final = """
    INSERT INTO intents (
        target, channel, grp, idx, value, before_value, tolerance, readback, request_id, owner, actor, opened_ns,
        state, outcome, observed, reason
    ) VALUES
"""
_ONE_INTENT: Final = "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'open', '', 'null', '')"
_INSERT_INTENT: Final = _INTO_INTENTS + _ONE_INTENT
_AT_ONCE: Final = 50
"""Rows in one statement: each statement has a price of its own, of which fifty rows have little left."""
_INSERT_INTENTS: Final = _INTO_INTENTS + ", ".join([_ONE_INTENT] * _AT_ONCE)


@frozen
class Books:
    """What the transactions of the ledger work with."""

    clock: Callable[[], int]
    audit: Audit
    owner: Owner
    requests: Requests


@frozen(kw_only=True)
class Opening:
    """Intents to be opened, as columns, encoded before the transaction began."""

    rows: Sequence[tuple[Any, ...]]
    """Each as `intent_values` gives it."""

    @property
    def channels(self) -> list[tuple[str, str]]:
        return [(row[0], row[1]) for row in self.rows]


def claim(
    connection: Connection,
    books: Books,
    request_id: str,
    sha256: str,
    actor: ActorLike,
    opening: Opening,
    groups: int | None,
) -> RequestRow | Refusal:
    """Claim an approved request once and open its first intents."""
    now_ns = books.clock()
    row = books.requests.current(connection, request_id, now_ns)
    refusal = judge_state(row, request_id, RequestState.APPROVED, "be claimed")
    if refusal is None and row is not None:
        refusal = judge_document(row, sha256.strip().lower(), is_whole=True)
    if refusal is None and row is not None:
        refusal = judge_entitlement(connection, books.audit, row)
    refusal = refusal or judge_start(connection, books, opening, now_ns)
    if refusal is not None or row is None:
        return books.audit.refuse(
            connection,
            refusal or unknown_request(request_id),
            actor=actor,
            what="claim",
            subject=request_id,
            now_ns=now_ns,
        )
    group_count = _planned_groups(row.document) if groups is None else groups
    claimed = {"claimed_by": actor.subject, "claimed_ns": now_ns, "owner": books.owner.id}
    # The rows before the request: SQLite rewrites its whole document, and is slower with every row after that.
    open_intents(connection, books, request_id, opening, actor, now_ns)
    move_request(connection, row, RequestState.CLAIMED, {**claimed, "group_count": group_count})
    books.audit.append(
        connection,
        event="ledger.claimed",
        actor=actor,
        subject=request_id,
        now_ns=now_ns,
        detail={"sha256": row.sha256, "owner": books.owner.id, "intents": len(opening.rows)},
    )
    return evolve(row, state=RequestState.CLAIMED, groups=group_count, **claimed)


def spend(
    connection: Connection,
    books: Books,
    request_id: str,
    sha256: str,
    actor: ActorLike,
    effect: Callable[[Connection, RequestRow], Mapping[str, Any]],
) -> RequestRow | Refusal:
    """Claim an approved request without writes, do its effect, and end it: all of it in this one transaction."""
    row = claim(connection, books, request_id, sha256, actor, Opening(rows=()), None)
    if isinstance(row, Refusal):
        return row
    report = encode(dict(effect(connection, row)), "a report")
    now_ns = books.clock()
    move_request(connection, row, RequestState.DONE, {"report": report, "finished_ns": now_ns})
    books.audit.append(
        connection,
        event="request.spent",
        actor=actor,
        subject=request_id,
        now_ns=now_ns,
        detail={"sha256": row.sha256, "kind": row.kind},
    )
    return evolve(row, state=RequestState.DONE, report=StoredObject(report), finished_ns=now_ns)


def judge_start(connection: Connection, books: Books, opening: Opening, now_ns: int) -> Refusal | None:
    """Refuse intents that must not be sent now: clock, halt, fence, busy channels."""
    return (
        books.audit.judge_clock(connection, now_ns)
        or judge_halt(connection)
        or books.owner.require(connection, now_ns)
        or _judge_channels(connection, opening)
    )


def _judge_channels(connection: Connection, opening: Opening) -> Refusal | None:
    """Refuse a channel that is named twice, or that has an unresolved intent.

    The transaction excludes other writers, so this cannot be overtaken; the unique index would stop it
    anyway.
    """
    wanted = opening.channels
    if len(set(wanted)) < len(wanted):
        twice = next(channel for channel in wanted if wanted.count(channel) > 1)
        told = f"{twice[1]} on {twice[0]!r} stands twice in one group: put the second value into a later group"
        return Refusal("ledger.duplicate", told)
    names = set(wanted)
    for row in _UNRESOLVED.execute(connection):
        if (row.target, row.channel) in names:
            return _channel_refusal(row.state, row.channel, row.target, row.id, row.request_id)
    return None


def _channel_refusal(state: str, channel: str, target: str, intent_id: int, request_id: str) -> Refusal:
    if state == IntentState.IN_DOUBT:
        return Refusal(
            "ledger.in_doubt",
            f"it is not known whether an earlier write to {channel} on {target!r} landed "
            f"(request {request_id}): look at the machine, then say so with "
            f"`osprey ledger settle {intent_id} --landed|--did-not-land --reason ...`",
        )
    return Refusal(
        "ledger.channel_busy",
        f"request {request_id} is writing {channel} on {target!r} now, or its process died: "
        "wait for it, and look at `osprey ledger list`",
    )


def open_intents(
    connection: Connection, books: Books, request_id: str, opening: Opening, actor: ActorLike, now_ns: int
) -> None:
    """Write the intents down; from the commit on they may be sent."""
    fixed = (request_id, books.owner.id, actor.subject, now_ns)
    rows = [(*row, *fixed) for row in opening.rows]
    single = len(rows) % _AT_ONCE
    if single:
        connection.exec_driver_sql(_INSERT_INTENT, rows[:single])
    for start in range(single, len(rows), _AT_ONCE):
        connection.exec_driver_sql(_INSERT_INTENTS, tuple(chain.from_iterable(rows[start : start + _AT_ONCE])))


def _planned_groups(document: str) -> int | None:
    """Count the groups of a document of writes; None for a document of another kind."""
    try:
        return len(json.loads(document)["writes"]["groups"])
    except (ValueError, TypeError, KeyError):
        return None
