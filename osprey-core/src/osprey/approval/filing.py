"""File a request for a list of writes that the guard has judged."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from osprey.approval.risk import risk_of
from osprey.control.payload import write_document
from osprey.errors import RefusedError
from osprey.journal import Journal, NewRequest, RequestRow, journal_of

if TYPE_CHECKING:
    from osprey.control import Actor, JudgedItem, Judgement
    from osprey.project import Project


_AUDITED = 100
"""Refused items that the audit names; a longer list is counted by its request."""


async def file_write_request(
    project: Project,
    judgement: Judgement,
    *,
    kind: str,
    title: str,
    thread: str,
    key: str,
    actor: Actor,
    supersedes: str | None = None,
    bound: Mapping[str, Any] | None = None,
    shown: Mapping[str, Any] | None = None,
) -> RequestRow:
    """Store what the guard judged as a request that a person can decide.

    :param key: what makes the request the same one when the caller runs again after a crash.
    :param supersedes: the request whose remainder this is.
    :param bound: further content of the hashed document, such as the hash of the code.
    :param shown: what is shown beside it and not hashed, such as the code itself.
    :raises RefusedError: the guard refused an item; nothing is stored but the refusal's audit row.
    """
    journal = journal_of(project)
    if not judgement.is_allowed:
        raise await _refusal(project, judgement, actor)
    approval = project.config.approval
    standing = await _standing(journal, judgement)
    return await journal.requests.create(
        NewRequest(
            kind=kind,
            title=title,
            thread=thread,
            document=write_document(judgement, **(bound or {})),
            risk=risk_of(judgement),
            requester=actor.subject,
            expires_ns=time.time_ns() + int(approval.expires_after_s * 1e9),
            presentation={
                **_presentation(judgement),
                "facility": project.config.facility.name,
                "standing": standing,
                **(shown or {}),
            },
            key=key,
            supersedes=supersedes,
        )
    )


async def _standing(journal: Journal, judgement: Judgement) -> list[str]:
    """Say what stands in the way now: an approval may be given all the same, and waits for it."""
    names = {item.name for item in judgement.items}
    doubts = [d for d in await journal.ledger.doubts() if d.target == judgement.target and d.channel in names]
    said = [
        f"{d.channel} is in doubt since request {d.request_id}: settle it first (osprey ledger list)" for d in doubts
    ]
    halt = await journal.halt.state()
    if halt.is_set:
        said.append(f"all writes are halted by {halt.actor}: {halt.reason}")
    return said


async def _refusal(project: Project, judgement: Judgement, actor: Actor) -> RefusedError:
    refused = [item for item in judgement.items if not item.is_allowed]
    first = refused[0]
    reasons = "\n".join(f"  {_reason(item)} [{item.rule}]" for item in refused)
    await journal_of(project).audit.refusal(
        actor,
        "write",
        first.rule,
        first.reason,
        {"target": judgement.target, "refused": [[item.name, item.rule] for item in refused[:_AUDITED]]},
    )
    message = f"refused, nothing was written: {len(refused)} of {len(judgement.items)} writes\n{reasons}"
    return RefusedError(message, rule=first.rule)


def _reason(item: JudgedItem) -> str:
    """Give the reason with the channel it is about; the guard's own sentences name it already."""
    return item.reason if item.channel in item.reason else f"{item.channel}: {item.reason}"


def _presentation(judgement: Judgement) -> dict[str, Any]:
    return {
        "target": judgement.target,
        "posture": judgement.posture,
        "simulated": judgement.simulated,
        "items": [_shown_item(item) for item in judgement.items],
    }


def _shown_item(item: JudgedItem) -> dict[str, Any]:
    return {
        "asked": item.channel,
        "description": item.description,
        "low": item.bounds.low,
        "high": item.bounds.high,
        "precision": item.precision,
        "severity": str(item.before_severity) if item.before_severity else "",
    }
