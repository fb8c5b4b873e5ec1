"""Reading back what was put: fresh, until it agrees or the time to settle is over. Never a cache."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

import anyio
from attrs import evolve, frozen

from osprey.control.comparison import elements_of, is_same, to_plain
from osprey.control.guard.survey import read_channels
from osprey.control.values import ErrorKind, Fault, Outcome, Reading, ReadResult, Severity, Value

if TYPE_CHECKING:
    from osprey.control.targets import Target

GRACE_S: Final = 1.0
"""How much longer than its own deadline a connector may take before the guard stops waiting for it."""
_FIRST_PAUSE_S: Final = 0.01
_LONGEST_PAUSE_S: Final = 0.2


@frozen(kw_only=True)
class Expected:
    """One put that completed, and where it must be seen."""

    channel: str
    value: Value
    source: str
    """The channel to read: the read-back, or the channel itself."""
    tolerance: float
    settle_s: float
    share: float | None = None
    """Of an array: how much of its own size an element may differ by, within `tolerance`."""


@frozen(kw_only=True)
class Seen:
    """What the read-back says of one put."""

    outcome: Outcome
    reading: Reading | None = None
    reason: str = ""


async def read_back(target: Target, expected: Sequence[Expected]) -> list[Seen]:
    """Read until every put is seen within tolerance, each at most until its own time to settle is over."""
    begin = anyio.current_time()
    seen: dict[int, Seen] = {}
    pending = list(range(len(expected)))
    pause_s = _FIRST_PAUSE_S
    while pending:
        waited_s = anyio.current_time() - begin
        results = await read_once(target, [expected[number].source for number in pending])
        for number in pending:
            one = expected[number]
            found = compare(one, results[one.source])
            if found.outcome is Outcome.CONFIRMED or waited_s >= one.settle_s:
                seen[number] = found
        pending = [number for number in pending if number not in seen]
        if pending:
            await anyio.sleep(pause_s)
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
    return [seen[number] for number in range(len(expected))]


async def read_once(target: Target, channels: Sequence[str]) -> Mapping[str, ReadResult]:
    """Read once; a connector that fails or hangs gives a fault for every channel, never an exception."""
    message = f"no answer within {target.config.read_timeout_s:g} s"
    with anyio.move_on_after(target.config.read_timeout_s + GRACE_S):
        try:
            results = await read_channels(target, channels)
            return {name: _understood(result) for name, result in results.items()}
        except Exception as exc:  # noqa: BLE001 - a put is out: what cannot be read becomes its recorded reason
            message = f"{type(exc).__name__}: {exc}"
    return {name: Fault(channel=name, kind=ErrorKind.UNREACHABLE, message=message) for name in channels}


def _understood(result: ReadResult) -> ReadResult:
    """Give a reading with Python's own values; what has none cannot be compared, stored or shown."""
    if isinstance(result, Fault):
        return result
    try:
        value = to_plain(result.value)
    except TypeError as exc:
        return Fault(channel=result.channel, kind=ErrorKind.INVALID_DATA, message=f"not a value: {exc}")
    if value is result.value:
        return result
    if any(isinstance(element, list) for element in elements_of(value)):
        return Fault(channel=result.channel, kind=ErrorKind.INVALID_DATA, message="not a value: a table of values")
    return evolve(result, value=value)


def compare(expected: Expected, result: ReadResult) -> Seen:
    """Judge one read-back: nothing invalid and nothing unreadable confirms."""
    if isinstance(result, Fault):
        return Seen(outcome=Outcome.UNCONFIRMED, reason=f"{result.channel} cannot be read back: {result.message}")
    if result.severity is Severity.INVALID:
        why = result.alarm or "invalid"
        return Seen(
            outcome=Outcome.UNCONFIRMED,
            reading=result,
            reason=f"the read-back of {result.channel} is invalid ({why})",
        )
    value = to_plain(result.value)
    if is_same(expected.value, value, expected.tolerance, expected.share):
        if not result.is_moving:
            return Seen(outcome=Outcome.CONFIRMED, reading=result)
        return Seen(outcome=Outcome.UNCONFIRMED, reading=result, reason=f"{result.channel} is still moving")
    reason = f"{result.channel} reads {value} instead of {expected.value} (tolerance {expected.tolerance:g})"
    if result.is_moving:
        return Seen(outcome=Outcome.UNCONFIRMED, reading=result, reason=f"{reason} and is still moving")
    return Seen(outcome=Outcome.MISMATCH, reading=result, reason=reason)
