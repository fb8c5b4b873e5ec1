"""What has moved since a request was filed: the channels of its writes read now, beside the values that it shows.

It is shown to whoever decides. Whether the writes may still be done is judged by the guard alone, before the claim.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Final

import anyio
from attrs import frozen

from osprey.control.comparison import change_between, is_same, to_plain
from osprey.control.payload import WRITE_KINDS, ApprovedItem, ApprovedWrites, read_document
from osprey.control.targets import targets_of
from osprey.control.values import Fault, Reading, ReadResult, Severity
from osprey.errors import OspreyError
from osprey.journal import RequestState

if TYPE_CHECKING:
    from osprey.journal import RequestRow
    from osprey.project import Project

LONGEST_LOOK_S: Final = 3.0
"""A person waits for the card: a machine that does not answer by then is a line on it."""
_WAITING: Final = (RequestState.PENDING, RequestState.APPROVED)


@frozen(kw_only=True)
class Movement:
    """What a look at the machine has shown."""

    looked_at: int
    """How many channels were read."""
    lines: tuple[str, ...] = ()
    """What moved, what is in a worse alarm, what could not be read; without any, all is as it was."""


async def moved_since_filed(project: Project, row: RequestRow, *, longest_s: float = LONGEST_LOOK_S) -> Movement | None:
    """Read the channels that a waiting request would write, and say what is no longer as its card shows it.

    It raises nothing for a machine that cannot be reached: that is a line. Arrays are compared more generously here
    than by the guard where its tolerance is a share of each element.

    :return: None for what waits no more, and for what carries no list of writes.
    """
    if row.state not in _WAITING or row.kind not in WRITE_KINDS or '"writes":' not in row.document:
        return None
    try:
        writes = read_document(row.document)
        with anyio.fail_after(longest_s):
            readings = await _readings(project, writes, longest_s)
    except TimeoutError:
        return _unknown(f"the machine has not answered within {longest_s:g} s")
    except OspreyError as exc:
        return _unknown(str(exc))
    except Exception as exc:  # noqa: BLE001 - a connector's defect must not keep a person from the request
        return _unknown(f"{type(exc).__name__}: {exc}")
    lines = [*_moved(writes, readings), *_alarmed(writes, readings)]
    return Movement(looked_at=len(readings), lines=tuple(lines))


def _unknown(reason: str) -> Movement:
    return Movement(looked_at=0, lines=(f"what has moved since cannot be told: {reason}",))


async def _readings(project: Project, writes: ApprovedWrites, longest_s: float) -> Mapping[str, ReadResult]:
    channels = list(dict.fromkeys(item.channel for group in writes.groups for item in group))
    target = await targets_of(project).get(writes.target)
    timeout_s = min(longest_s, target.config.read_timeout_s)
    results = await target.connector.read(channels, timeout_s=timeout_s)
    return dict(zip(channels, results, strict=True))


def _moved(writes: ApprovedWrites, readings: Mapping[str, ReadResult]) -> Iterable[str]:
    first: dict[str, ApprovedItem] = {}
    for item in (item for group in writes.groups for item in group):
        first.setdefault(item.channel, item)
    for item in first.values():
        match readings[item.channel]:
            case Fault() as fault:
                yield f"{item.channel} cannot be read now: {fault.message}"
            case Reading() as reading:
                yield from _drift(item, reading)


def _drift(item: ApprovedItem, reading: Reading) -> Iterable[str]:
    if item.before is None:
        return  # a command holds nothing that could have moved
    now = to_plain(reading.value if reading.setpoint is None else reading.setpoint)
    # By their text as well: a NaN that still is one has not moved.
    if is_same(item.before, now, item.tolerance) or repr(item.before) == repr(now):
        return
    if isinstance(now, bool | int | float | str):
        yield f"{item.channel} was {item.before!r}, is {now!r} {item.unit}".rstrip()
        return
    largest = change_between(item.before, now)
    told = "" if largest is None or math.isnan(largest) else f" by up to {largest:.6g} {item.unit}".rstrip()
    yield f"{item.channel} has other elements than were shown{told}"


def _alarmed(writes: ApprovedWrites, readings: Mapping[str, ReadResult]) -> Iterable[str]:
    for channel, was in writes.alarms.items():
        reading = readings.get(channel)
        if isinstance(reading, Reading) and reading.severity.is_worse_than(Severity(was)):
            alarm = f" ({reading.alarm})" if reading.alarm else ""
            yield f"{channel} is in {reading.severity} alarm{alarm}, and was {was}"
