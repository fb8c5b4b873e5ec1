"""Following channels of a service that cannot speak first: by asking again and again."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import Protocol

import anyio

from osprey.api import ConnectorError, ErrorKind, Fault, ReadResult
from osprey_labview.updates import UpdateQueue
from osprey_labview.web.answers import fault_of


class Read(Protocol):
    """A connector's `read`."""

    def __call__(self, channels: Sequence[str], *, timeout_s: float) -> Awaitable[list[ReadResult]]: ...


async def poll(read: Read, queue: UpdateQueue, period_s: float, timeout_s: float) -> None:
    """Offer what has changed since the poll before, until cancelled."""
    last: dict[str, object] = {}
    while True:
        started = anyio.current_time()
        try:
            results = await read(queue.channels, timeout_s=timeout_s)
        except ConnectorError as exc:
            results = [fault_of(channel, ErrorKind.INVALID_DATA, str(exc)) for channel in queue.channels]
        changed = [result for result in results if last.get(result.channel) != _look(result)]
        last.update((result.channel, _look(result)) for result in changed)
        queue.offer(changed)
        await anyio.sleep_until(started + period_s)


def _look(result: ReadResult) -> object:
    """Give what makes a result another one: not its time; and NaN is the same as NaN."""
    if isinstance(result, Fault):
        return result.kind
    state = (result.severity, result.alarm, result.label, result.is_moving, result.unit)
    return (repr(result.value), repr(result.setpoint), state)
