"""From rows of the database to values, and from values to rows."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import RowMapping

from osprey.errors import UsageError
from osprey.journal.values import Intent, IntentRow, IntentState, RequestRow, RequestState


def encode(value: Any, what: str) -> str:
    """Write a value as JSON; NaN and infinity are refused, exact forms are the caller's.

    :raises UsageError: it is not JSON.
    """
    try:
        return json.dumps(value, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
    except (TypeError, ValueError) as exc:
        msg = f"{what} cannot be stored as JSON: {exc}: give numbers in exact form (float hex, integer text)"
        raise UsageError(msg) from exc


def request_row(values: RowMapping) -> RequestRow:
    """Build a request from its row."""
    report = values["report"]
    return RequestRow(
        id=values["id"],
        kind=values["kind"],
        title=values["title"],
        thread=values["thread"],
        document=values["document"],
        sha256=values["sha256"],
        risk=values["risk"],
        requester=values["requester"],
        state=RequestState(values["state"]),
        created_ns=values["created_ns"],
        expires_ns=values["expires_ns"],
        presentation=json.loads(values["presentation"]),
        key=values["key"],
        supersedes=values["supersedes"],
        decided_by=values["decided_by"],
        decided_ns=values["decided_ns"],
        reason=values["reason"],
        claimed_by=values["claimed_by"],
        claimed_ns=values["claimed_ns"],
        owner=values["owner"],
        groups=values["group_count"],
        finished_ns=values["finished_ns"],
        report=None if report is None else json.loads(report),
    )


def intent_row(values: RowMapping) -> IntentRow:
    """Build an intent from its row."""
    return IntentRow(
        id=values["id"],
        request_id=values["request_id"],
        owner=values["owner"],
        target=values["target"],
        channel=values["channel"],
        group=values["grp"],
        index=values["idx"],
        value=json.loads(values["value"]),
        before=json.loads(values["before_value"]),
        tolerance=values["tolerance"],
        readback=values["readback"],
        state=IntentState(values["state"]),
        outcome=values["outcome"],
        observed=json.loads(values["observed"]),
        reason=values["reason"],
        opened_ns=values["opened_ns"],
        closed_ns=values["closed_ns"],
        settled_by=values["settled_by"],
    )


def intent_values(intent: Intent) -> dict[str, Any]:
    """Give the columns that an intent fills by itself."""
    return {
        "target": intent.target,
        "channel": intent.channel,
        "grp": intent.group,
        "idx": intent.index,
        "value": encode(intent.value, f"the value for {intent.channel}"),
        "before_value": encode(intent.before, f"the value of {intent.channel} before"),
        "tolerance": intent.tolerance,
        "readback": intent.readback,
    }
