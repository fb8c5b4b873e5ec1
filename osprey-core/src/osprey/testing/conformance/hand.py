"""The hand of the conformance suite: the only place beside the guard from which a connector's `write` is called.

What it writes to is the peer that a test has started. `tests/control/test_structure.py` names this file as the
exception, and holds that no product code imports this room.
"""

from __future__ import annotations

from collections.abc import Sequence

from osprey.control import Connector, DType, Put, PutResult, Reading, Value
from osprey.control.comparison import to_plain


def put(channel: str, value: Value, dtype: DType = DType.FLOAT) -> Put:
    """Give a put with the shape of its value."""
    shape = () if isinstance(value, bool | int | float | str) else (len(value),)
    return Put(channel=channel, value=value, dtype=dtype, shape=shape)


async def send(connector: Connector, puts: Sequence[Put], *, timeout_s: float) -> list[PutResult]:
    """Send puts to a peer, and check that each has its answer in its place."""
    results = await connector.write(puts, timeout_s=timeout_s)
    assert [result.channel for result in results] == [one.channel for one in puts]
    return results


async def set_value(connector: Connector, channel: str, value: Value, dtype: DType = DType.FLOAT) -> None:
    """Send one put that has to complete."""
    (result,) = await send(connector, [put(channel, value, dtype)], timeout_s=20.0)
    assert result.error is None, result


async def reading_of(connector: Connector, channel: str) -> Reading:
    """Read one channel, which has to answer."""
    (result,) = await connector.read([channel], timeout_s=20.0)
    assert isinstance(result, Reading), result
    assert result.channel == channel
    return result


async def value_of(connector: Connector, channel: str) -> Value:
    """Read the value of one channel, as Python's own type."""
    return to_plain((await reading_of(connector, channel)).value)
