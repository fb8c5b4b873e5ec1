"""After a crash: what a dead process left open is read back and recorded. Nothing is ever sent here.

A value that is present, and was not before, is recorded as such; anything else (a difference, an invalid
reading, a system that does not answer) is in doubt until a person settles it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from attrs import evolve, frozen

from osprey.control.comparison import even_share, is_same
from osprey.control.exact import unpacked
from osprey.control.guard.readback import Expected, compare, read_once
from osprey.control.guard.reports import conclude, summarise, unrequested_items
from osprey.control.guard.restore import restore_of
from osprey.control.payload import read_document
from osprey.control.requests import ApplyReport, ItemReport, WriteBatch
from osprey.control.values import ErrorKind, Fault, Outcome, Reading, ReadResult
from osprey.control.wire import from_wire_value, to_wire
from osprey.errors import OspreyError, RefusedError
from osprey.journal import IntentRow, Journal, RequestRow
from osprey.journal.values import LANDED

if TYPE_CHECKING:
    from osprey.control.targets import Targets


@frozen(kw_only=True)
class _Found:
    """What a read-back says of one orphaned intent."""

    is_present: bool
    readback: object
    reason: str


async def recover(targets: Targets, journal: Journal) -> tuple[ApplyReport, ...]:
    """Read back and record what dead processes left open, and end their requests."""
    if not await journal.ledger.may_have_orphans():
        return ()
    await recover_intents(targets, journal, await journal.ledger.orphans())
    reports: list[ApplyReport] = []
    for row in await journal.ledger.orphan_requests():
        report = recovery_report(row, await journal.ledger.intents_of(row.id))
        ended = await journal.ledger.conclude_recovery(row.id, report=to_wire(report))
        reports.append(evolve(report, status=ended.state.value))
    return tuple(reports)


async def recover_intents(targets: Targets, journal: Journal, orphans: Sequence[IntentRow]) -> None:
    """Read every orphaned intent back, each target in one batch, and record what is seen."""
    for target in dict.fromkeys(intent.target for intent in orphans):
        intents = [intent for intent in orphans if intent.target == target]
        results = await _read(targets, target, list(dict.fromkeys(_source(intent) for intent in intents)))
        for intent in intents:
            found = _find(intent, results[_source(intent)])
            await journal.ledger.record_recovery(intent, found.is_present, found.readback, found.reason)


async def _read(targets: Targets, target: str, channels: Sequence[str]) -> Mapping[str, ReadResult]:
    try:
        return await read_once(await targets.get(target), channels)
    except Exception as exc:  # noqa: BLE001 - nothing that a plugin raises may keep a doubt from being recorded
        message = str(exc) if isinstance(exc, OspreyError) else f"{type(exc).__name__}: {exc}"
        return {name: Fault(channel=name, kind=ErrorKind.UNREACHABLE, message=message) for name in channels}


def _source(intent: IntentRow) -> str:
    return intent.readback or intent.channel


def _find(intent: IntentRow, result: ReadResult) -> _Found:
    if intent.before is None:
        reason = f"no receipt, and {intent.channel} is a command, so nothing that can be read tells whether it was sent"
        readback = to_wire(result.value) if isinstance(result, Reading) else None
        return _Found(is_present=False, readback=readback, reason=f"{reason}: look at the machine, then settle it")
    try:
        expected = _expected(intent)
        was_there = is_same(expected.value, unpacked(intent.before), intent.tolerance)
    except (LookupError, TypeError, ValueError) as exc:
        return _Found(is_present=False, readback=None, reason=f"the intent's values are not understood: {exc}")
    seen = compare(expected, result)
    readback = to_wire(result.value) if isinstance(result, Reading) else None
    if seen.outcome is Outcome.CONFIRMED and not was_there:
        return _Found(is_present=True, readback=readback, reason="present after the crash")
    why = seen.reason
    if seen.outcome is Outcome.CONFIRMED:
        why = f"{intent.channel} read the same before, so a read-back cannot tell whether it was sent"
    reason = f"no receipt, and {why}: it may still land; look at the machine, then settle it"
    return _Found(is_present=False, readback=readback, reason=reason)


def _expected(intent: IntentRow) -> Expected:
    return Expected(
        channel=intent.channel,
        value=unpacked(intent.value),
        source=_source(intent),
        tolerance=intent.tolerance,
        # What is not known for sure is a doubt: the stricter of the two ways to compare an array.
        share=even_share(unpacked(intent.value), intent.tolerance),
        settle_s=0.0,
    )


def recovery_report(row: RequestRow, intents: Sequence[IntentRow]) -> ApplyReport:
    """Say of every approved write of a dead process what is known of it."""
    known = {(intent.group, intent.index): intent for intent in intents}
    items = [
        evolve(item, **_told(known[item.group, item.index])) if (item.group, item.index) in known else item
        for item in _planned(row, intents)
    ]
    return ApplyReport(
        request_id=row.id,
        status=conclude(items).value,
        items=tuple(items),
        restore=_restore(row, items),
        rule="ledger.recovered",
        reason=f"its process ended before it could report; {summarise(items)}",
    )


def _restore(row: RequestRow, items: Sequence[ItemReport]) -> WriteBatch | None:
    try:
        return restore_of(read_document(row.document), items)
    except RefusedError:
        return None


def _planned(row: RequestRow, intents: Sequence[IntentRow]) -> list[ItemReport]:
    """Give what was approved; if this version cannot read the document, what was begun."""
    try:
        return unrequested_items(read_document(row.document))
    except RefusedError:
        return [
            ItemReport(
                name=intent.channel,
                group=intent.group,
                index=intent.index,
                value=json.dumps(intent.value),
                before=json.dumps(intent.before),
                outcome=Outcome.UNREQUESTED,
            )
            for intent in intents
        ]


def _told(intent: IntentRow) -> dict[str, Any]:
    if intent.outcome in LANDED:
        outcome = Outcome.CONFIRMED
    else:
        outcome = Outcome(intent.outcome) if intent.outcome in set(Outcome) else Outcome.UNCONFIRMED
    readback = None if intent.observed is None else from_wire_value(intent.observed)
    return {"outcome": outcome, "readback": readback, "reason": intent.reason}
