"""Putting one group: everything is sent once, together, and then read back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from attrs import evolve

from osprey.control.comparison import is_same, shape_of
from osprey.control.guard.checks import Case
from osprey.control.guard.readback import Expected, Seen, compare, read_back, read_once
from osprey.control.guard.sending import outcome_of, reason_of, send
from osprey.control.limits.limit_entry import Verification
from osprey.control.values import ErrorKind, Outcome, Put, PutResult

if TYPE_CHECKING:
    from osprey.control.targets import Target

OWN_SETTLE_S: Final = 1.0
"""How long a channel may take to show its own new value, where the limits state no `settle_s`."""
DEVICE_SETTLE_S: Final = 5.0
"""How long a device may take to follow its set value: the read-back is another channel."""


async def put_group(target: Target, cases: Sequence[Case], *, timeout_s: float) -> list[Seen]:
    """Put the group and say of each item what became of it, in their order."""
    results = await send(target.connector, [_put_of(case) for case in cases], timeout_s=timeout_s)
    deciding = [n for n, result in enumerate(results) if _is_decided_by_reading(cases[n], result)]
    read = await read_back(target, [_expected(cases[n]) for n in deciding])
    if len(deciding) == len(cases):
        return read
    decided = dict(zip(deciding, read, strict=True))
    others = [number for number in range(len(cases)) if number not in decided]
    decided.update({number: _as_completed(cases[number], results[number]) for number in others})
    telling = [number for number in others if _is_told(cases[number], results[number])]
    decided.update(await _tell(target, cases, telling, decided))
    doubtful = [number for number in others if _is_rejected(results[number])]
    decided.update(await _doubt(target, cases, doubtful, decided))
    return [decided[number] for number in range(len(cases))]


def _put_of(case: Case) -> Put:
    info = case.info
    return Put(channel=case.channel, value=case.typed_value, dtype=info.dtype, shape=shape_of(case.typed_value))


def _as_completed(case: Case, result: PutResult) -> Seen:
    """Say what the put's own status says; `confirmed` stands only where no read-back is asked for."""
    outcome = outcome_of(result)
    if outcome is not None:
        return Seen(outcome=outcome, reason=reason_of(result))
    level = case.verification
    why = "a command cannot be read back" if case.info.is_command else f"verification: {level}"
    return Seen(outcome=Outcome.CONFIRMED, reason=f"completed; not judged by a read-back ({why})")


async def _tell(
    target: Target, cases: Sequence[Case], telling: Sequence[int], decided: Mapping[int, Seen]
) -> dict[int, Seen]:
    """Read once what does not decide: what a person who settles a doubt wants to know."""
    if not telling:
        return {}
    expected = {number: _expected(cases[number]) for number in telling}
    read = await read_once(target, list(dict.fromkeys(one.source for one in expected.values())))
    told: dict[int, Seen] = {}
    for number, one in expected.items():
        seen, known = compare(one, read[one.source]), decided[number]
        note = "the value is present now" if seen.outcome is Outcome.CONFIRMED else seen.reason
        told[number] = evolve(known, reading=seen.reading, reason=f"{known.reason}; {note}")
    return told


async def _doubt(
    target: Target, cases: Sequence[Case], doubtful: Sequence[int], decided: Mapping[int, Seen]
) -> dict[int, Seen]:
    """Look whether a rejected put was taken all the same: a server may set the hardware, and then fail."""
    if not doubtful:
        return {}
    expected = {number: _expected(cases[number]) for number in doubtful}
    read = await read_once(target, list(dict.fromkeys(one.source for one in expected.values())))
    found: dict[int, Seen] = {}
    for number, one in expected.items():
        case, known = cases[number], decided[number]
        if case.before is None:
            reason = f"{known.reason}; a command that reports an error may have acted before it did"
            found[number] = Seen(outcome=Outcome.UNCONFIRMED, reason=reason)
            continue
        seen = compare(one, read[one.source])
        was_there = is_same(one.value, case.old_value, one.tolerance, one.share)
        if seen.outcome is Outcome.CONFIRMED and not was_there:
            reason = f"{known.reason}; but the value is present now"
            found[number] = Seen(outcome=Outcome.UNCONFIRMED, reading=seen.reading, reason=reason)
    return found


def _is_rejected(result: PutResult) -> bool:
    return result.was_sent and result.error is ErrorKind.REJECTED


def _is_decided_by_reading(case: Case, result: PutResult) -> bool:
    return result.error is None and case.verification is Verification.READBACK


def _is_told(case: Case, result: PutResult) -> bool:
    if result.error is None:
        return case.verification is Verification.CALLBACK
    return outcome_of(result) is Outcome.UNCONFIRMED


def _expected(case: Case) -> Expected:
    stated = case.rule.settle_s if case.rule else None
    usual = DEVICE_SETTLE_S if case.is_measured else OWN_SETTLE_S
    return Expected(
        channel=case.channel,
        value=case.typed_value,
        source=case.readback or case.channel,
        tolerance=case.tolerance,
        share=case.tolerance_share,
        settle_s=usual if stated is None else stated,
    )
