"""Subscriptions: the latest value by default, every value with a buffer, a capped rate, and a clean end."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import anyio
import pytest

from osprey.control import Connector, Fault, Reading, ReadResult, Updates
from osprey.control.comparison import to_plain
from osprey.errors import OspreyError
from osprey.testing.conformance.hand import reading_of, set_value
from osprey.testing.conformance.parts import needs, played
from osprey.testing.conformance.peer import ConnectorPeer

_HANG_S: Final = 60.0
_MANY: Final = 20


async def collect_until(updates: Updates, channel: str, value: float) -> list[list[ReadResult]]:
    """Take lists until one of them shows a channel at a value."""
    lists: list[list[ReadResult]] = []
    with anyio.fail_after(_HANG_S):
        async for results in updates:
            lists.append(results)
            if value in values_in(results, channel):
                return lists
    msg = f"the updates ended before {channel} was seen at {value}"
    raise AssertionError(msg)


def values_in(results: Sequence[ReadResult], channel: str) -> list[object]:
    """Give the values of one channel in a list."""
    return [to_plain(one.value) for one in results if isinstance(one, Reading) and one.channel == channel]


def steps(peer: ConnectorPeer, count: int = _MANY) -> list[float]:
    """Give as many different values of the number, each exactly a float."""
    low, high = peer.roles.number_range
    return [low + (high - low) * place / 64 for place in range(count)]


async def _settle(connector: Connector, peer: ConnectorPeer, updates: Updates) -> None:
    """Set the number to its upper end, and take updates until that was seen: what comes later is later."""
    high = peer.roles.number_range[1]
    await set_value(connector, peer.roles.number, high)
    await collect_until(updates, peer.roles.number, high)


@needs()
async def test_the_present_value_of_every_channel_comes_by_itself(connector: Connector, peer: ConnectorPeer) -> None:
    names = peer.roles.readable()
    seen: set[str] = set()
    async with connector.subscribe(names) as updates:
        with anyio.fail_after(_HANG_S):
            while seen < set(names):
                seen |= {result.channel for result in await anext(updates) if isinstance(result, Reading)}
    assert seen == set(names)


@needs()
async def test_a_change_is_told(connector: Connector, peer: ConnectorPeer) -> None:
    low, high = peer.roles.number_range
    await set_value(connector, peer.roles.number, low)
    async with connector.subscribe([peer.roles.number], max_rate_hz=50.0) as updates:
        await collect_until(updates, peer.roles.number, low)
        await set_value(connector, peer.roles.number, high)
        await collect_until(updates, peer.roles.number, high)


@needs()
async def test_an_update_is_a_whole_reading(connector: Connector, peer: ConnectorPeer) -> None:
    await set_value(connector, peer.roles.number, peer.roles.number_range[0])
    read = await reading_of(connector, peer.roles.number)
    async with connector.subscribe([peer.roles.number]) as updates:
        lists = await collect_until(updates, peer.roles.number, peer.roles.number_range[0])
    update = next(one for one in lists[-1] if isinstance(one, Reading))
    assert (update.dtype, update.shape, update.unit, update.severity) == (
        read.dtype,
        read.shape,
        read.unit,
        read.severity,
    )


@needs()
async def test_without_a_buffer_a_list_has_the_latest_of_each_channel(
    connector: Connector, peer: ConnectorPeer
) -> None:
    values = steps(peer)
    async with connector.subscribe([peer.roles.number], max_rate_hz=5.0) as updates:
        await _settle(connector, peer, updates)
        for value in values:
            await set_value(connector, peer.roles.number, value)
        lists = await collect_until(updates, peer.roles.number, values[-1])
    assert all(len({one.channel for one in results}) == len(results) for results in lists)
    assert updates.dropped == 0


@needs()
async def test_a_buffer_keeps_updates_in_their_order(connector: Connector, peer: ConnectorPeer) -> None:
    values = steps(peer)
    async with connector.subscribe([peer.roles.number], max_rate_hz=5.0, buffer=1000) as updates:
        await _settle(connector, peer, updates)
        for value in values:
            await set_value(connector, peer.roles.number, value)
        lists = await collect_until(updates, peer.roles.number, values[-1])
    seen = [value for results in lists for value in values_in(results, peer.roles.number) if value in values]
    places = [values.index(value) for value in values if value in seen]
    assert seen == [values[place] for place in places]
    assert updates.dropped == 0


@needs("every_change")
async def test_a_large_buffer_loses_nothing(connector: Connector, peer: ConnectorPeer) -> None:
    values = steps(peer)
    async with connector.subscribe([peer.roles.number], max_rate_hz=2.0, buffer=1000) as updates:
        await _settle(connector, peer, updates)
        for value in values:
            await set_value(connector, peer.roles.number, value)
        lists = await collect_until(updates, peer.roles.number, values[-1])
    seen = [value for results in lists for value in values_in(results, peer.roles.number)]
    assert [value for value in seen if value != peer.roles.number_range[1]] == values


@needs("every_change")
async def test_a_small_buffer_counts_what_it_loses(connector: Connector, peer: ConnectorPeer) -> None:
    values = steps(peer)
    async with connector.subscribe([peer.roles.number], max_rate_hz=1.0, buffer=2) as updates:
        await _settle(connector, peer, updates)
        for value in values:
            await set_value(connector, peer.roles.number, value)
        lists = await collect_until(updates, peer.roles.number, values[-1])
        kept = [values_in(results, peer.roles.number) for results in lists]
        assert all(len(one) <= 2 for one in kept)
        assert sum(map(len, kept)) + updates.dropped >= len(values)
        assert updates.dropped > 0
        assert kept[-1][-1] == values[-1]


@needs()
async def test_lists_come_at_most_as_often_as_asked(connector: Connector, peer: ConnectorPeer) -> None:
    rate_hz = 4.0
    count = 0
    async with (
        connector.subscribe([peer.roles.number], max_rate_hz=rate_hz) as updates,
        anyio.create_task_group() as group,
    ):
        group.start_soon(_keep_changing, connector, peer)
        await anext(updates)
        started = anyio.current_time()
        with anyio.fail_after(_HANG_S):
            while count < 4:
                await anext(updates)
                count += 1
        # A slow computer makes the time longer and never shorter.
        assert count <= (anyio.current_time() - started) * rate_hz * 1.1 + 1
        group.cancel_scope.cancel()


async def _keep_changing(connector: Connector, peer: ConnectorPeer) -> None:
    while True:
        for value in steps(peer):
            await set_value(connector, peer.roles.number, value)


@needs()
@pytest.mark.parametrize("rate_hz", [0.0, -1.0, math.nan])
async def test_a_rate_must_be_positive(connector: Connector, peer: ConnectorPeer, rate_hz: float) -> None:
    with pytest.raises(OspreyError, match="max_rate_hz"):
        async with connector.subscribe([peer.roles.number], max_rate_hz=rate_hz):
            pass


@needs()
async def test_a_buffer_must_not_be_negative(connector: Connector, peer: ConnectorPeer) -> None:
    with pytest.raises(OspreyError, match="buffer"):
        async with connector.subscribe([peer.roles.number], buffer=-1):
            pass


@needs("missing")
async def test_a_missing_channel_does_not_silence_the_good_one(connector: Connector, peer: ConnectorPeer) -> None:
    low, high = peer.roles.number_range
    missing = played(peer, "missing")
    await set_value(connector, peer.roles.number, low)
    async with connector.subscribe([missing, peer.roles.number]) as updates:
        lists = await collect_until(updates, peer.roles.number, low)
        await set_value(connector, peer.roles.number, high)
        lists += await collect_until(updates, peer.roles.number, high)
    assert all(isinstance(one, Fault) for results in lists for one in results if one.channel == missing)


@needs()
async def test_updates_end_with_their_subscription(connector: Connector, peer: ConnectorPeer) -> None:
    async with connector.subscribe([peer.roles.number]) as updates:
        await anext(updates)
    with anyio.fail_after(_HANG_S):
        async for results in updates:
            assert results
    await reading_of(connector, peer.roles.number)


@needs()
async def test_a_subscription_that_was_never_looked_at_ends(connector: Connector, peer: ConnectorPeer) -> None:
    with anyio.fail_after(_HANG_S):
        for _ in range(20):
            async with connector.subscribe(peer.roles.readable()):
                pass
    await reading_of(connector, peer.roles.number)


@needs()
async def test_a_wait_for_updates_can_be_given_up_and_taken_up_again(connector: Connector, peer: ConnectorPeer) -> None:
    low, high = peer.roles.number_range
    await set_value(connector, peer.roles.number, low)
    async with connector.subscribe([peer.roles.number], max_rate_hz=20.0) as updates:
        await collect_until(updates, peer.roles.number, low)
        for _ in range(3):
            with anyio.move_on_after(0.1):
                await anext(updates)
        await set_value(connector, peer.roles.number, high)
        await collect_until(updates, peer.roles.number, high)


@needs()
async def test_a_cancelled_subscription_leaves_the_connector_usable(connector: Connector, peer: ConnectorPeer) -> None:
    with anyio.move_on_after(0.2) as scope:
        async with connector.subscribe([peer.roles.number]) as updates:
            async for _ in updates:
                pass
            await anyio.sleep_forever()
    assert scope.cancelled_caught
    await reading_of(connector, peer.roles.number)


@needs()
async def test_two_subscriptions_each_see_all(connector: Connector, peer: ConnectorPeer) -> None:
    low, high = peer.roles.number_range
    number = peer.roles.number
    await set_value(connector, number, low)
    async with connector.subscribe([number]) as first:
        async with connector.subscribe([number]) as second:
            await collect_until(first, number, low)
            await collect_until(second, number, low)
            await set_value(connector, number, high)
            await collect_until(second, number, high)
        await collect_until(first, number, high)
        await set_value(connector, number, low)
        await collect_until(first, number, low)
