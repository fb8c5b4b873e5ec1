"""Carrying out what was approved, where it is no list of writes: from an id and a hash, once, and from the stored text.

Lists of writes are carried out by the guard alone. Whatever fails before the claim leaves the approval as it is; what
fails after it is never repeated by itself.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import anyio

from osprey.approval.kinds import registration_of
from osprey.approval.kinds.document import read_content
from osprey.approval.notices import tell
from osprey.config import NoticeEvent
from osprey.errors import RefusedError, UsageError
from osprey.journal import RequestRow, RequestState, journal_of
from osprey.journal.requests.steps import judge_rules
from osprey.journal.rows import encode

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from osprey.control import Actor
    from osprey.project import Project


class NotDoneError(Exception):
    """Raised by work that knows that nothing of it has happened: the request then has failed, and is no doubt."""


async def spend_approved(
    project: Project,
    request_id: str,
    sha256: str,
    actor: Actor,
    effect: Callable[[Connection, Mapping[str, Any]], Mapping[str, Any]],
) -> RequestRow:
    """Carry out an approved request whose effect lies in the project's database: wholly and once, or not at all.

    :param effect: does it in the given transaction, from the approved content, and gives the report.
    :raises RefusedError: with the rule; nothing was done.
    """
    row = await _checked(project, request_id, sha256, actor)

    def work(connection: Connection, claimed: RequestRow) -> Mapping[str, Any]:
        return effect(connection, read_content(claimed.kind, claimed.document))

    done = await journal_of(project).ledger.spend(row.id, sha256, actor, work)
    await tell(project, done, NoticeEvent.ENDED)
    return done


async def grant_approved(project: Project, request_id: str, sha256: str, actor: Actor) -> RequestRow:
    """Use up an approval that lets go on what asks again for each effect: a plan, a step, code that reads."""
    return await spend_approved(project, request_id, sha256, actor, lambda _, content: {"granted": sorted(content)})


async def carry_out_approved(
    project: Project,
    request_id: str,
    sha256: str,
    actor: Actor,
    work: Callable[[Mapping[str, Any]], Awaitable[Mapping[str, Any]]],
) -> RequestRow:
    """Carry out an approved request whose effect lies elsewhere (a logbook, a deployment): at most once.

    :param work: does it, from the approved content alone, and gives the report. Whatever it raises but `NotDoneError`
        leaves a doubt: it may have happened.
    :raises RefusedError: with the rule; nothing was done.
    """
    journal = journal_of(project)
    row = await _checked(project, request_id, sha256, actor)
    async with journal.audit.keeping(actor, "claim", row.id):
        claimed = await journal.ledger.claim(row.id, sha256, actor, [])
    state, report = RequestState.IN_DOUBT, dict[str, Any]()
    try:
        # From the row that was claimed: its document was checked in the same transaction.
        report = _storable(await work(read_content(claimed.kind, claimed.document)))
        state = RequestState.DONE
    except NotDoneError as exc:
        state, report = RequestState.FAILED, {"reason": str(exc)}
    except Exception as exc:  # noqa: BLE001 - whatever the work raises is told, and never tried again
        report = {"reason": f"{type(exc).__name__}: {exc}; it may have happened: look, it is not tried again"}
    except BaseException:
        report = {"reason": "it was stopped while it was carried out; it may have happened: look"}
        raise
    finally:
        with anyio.CancelScope(shield=True):
            await journal.ledger.finish(row.id, [], state, report)
    done = await journal.requests.get(row.id)
    await tell(project, done, NoticeEvent.ENDED)
    return done


def _storable(report: Mapping[str, Any]) -> dict[str, Any]:
    """Give a report that can be kept: one that cannot does not undo what it tells of."""
    told = dict(report)
    try:
        encode(told, "its report")
    except UsageError as exc:
        return {"reason": f"it was done, but {exc}"}
    return told


async def _checked(project: Project, request_id: str, sha256: str, actor: Actor) -> RequestRow:
    """Check what the journal does not know of: the kind is declared, its document understood, the rules the same."""
    journal = journal_of(project)
    async with journal.audit.keeping(actor, "claim", request_id):
        row = await journal.requests.get(request_id)
    try:
        declared = registration_of(project, row.kind)
        if declared.is_on_machine:
            _refuse_writes(row)
        require_same_rules(project, row)
        read_content(row.kind, row.document)
    except RefusedError as exc:
        await journal.audit.refusal(actor, "claim", exc.rule, str(exc), {"sha256": sha256}, subject=row.id)
        raise
    return row


def _refuse_writes(row: RequestRow) -> None:
    """Refuse a request with writes: the guard carries those out, and nobody else."""
    with suppress(ValueError):  # what is no JSON is refused by what reads it
        if "writes" in json.loads(row.document):
            msg = f"request {row.id} carries writes, which only the guard carries out"
            raise RefusedError(msg, rule="payload.kind")


def require_same_rules(project: Project, row: RequestRow) -> None:
    """Go on only if the rules that made the request's needs are those of the configuration now.

    :raises RefusedError: ``approval.policy_changed``.
    """
    if (changed := judge_rules(row, project.config.approval.version)) is not None:
        raise RefusedError(changed.message, rule=changed.rule)
