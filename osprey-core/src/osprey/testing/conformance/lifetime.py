"""Opening, closing, cancelling: what is over stays over, and what was given up leaves nothing broken."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

import anyio

from osprey.control import Connector, Fault
from osprey.errors import OspreyError
from osprey.testing.conformance.hand import put, reading_of, send, set_value
from osprey.testing.conformance.parts import needs, played
from osprey.testing.conformance.peer import ConnectorPeer

_HANG_S: Final = 60.0
Connect = Callable[[ConnectorPeer], Awaitable[Connector]]


@needs()
async def test_it_is_a_connector(connector: Connector) -> None:
    assert isinstance(connector, Connector)


@needs()
async def test_it_can_be_closed_twice(connect: Connect, peer: ConnectorPeer) -> None:
    connector = await connect(peer)
    await reading_of(connector, peer.roles.number)
    with anyio.fail_after(_HANG_S):
        await connector.aclose()
        await connector.aclose()


@needs()
async def test_it_can_be_closed_before_it_was_used(connect: Connect, peer: ConnectorPeer) -> None:
    with anyio.fail_after(_HANG_S):
        for _ in range(5):
            await (await connect(peer)).aclose()


@needs()
async def test_reading_after_the_close_is_an_error_and_no_hang(connect: Connect, peer: ConnectorPeer) -> None:
    connector = await connect(peer)
    await reading_of(connector, peer.roles.number)
    await connector.aclose()
    for call in (connector.read, connector.describe):
        with anyio.fail_after(_HANG_S):
            try:
                results = await call([peer.roles.number], timeout_s=1.0)
            except OspreyError:
                continue
        assert all(isinstance(result, Fault) for result in results), results


@needs()
async def test_a_put_after_the_close_is_an_error_and_not_sent(connect: Connect, peer: ConnectorPeer) -> None:
    connector = await connect(peer)
    await reading_of(connector, peer.roles.number)
    await connector.aclose()
    with anyio.fail_after(_HANG_S):
        try:
            (result,) = await send(connector, [put(peer.roles.number, peer.roles.number_range[0])], timeout_s=1.0)
        except OspreyError:
            return
    assert result.error is not None
    assert not result.was_sent


@needs()
async def test_closing_it_ends_its_subscriptions(connect: Connect, peer: ConnectorPeer) -> None:
    connector = await connect(peer)
    with anyio.fail_after(_HANG_S):
        async with connector.subscribe([peer.roles.number]) as updates:
            await anext(updates)
            await connector.aclose()
            try:
                async for results in updates:
                    if any(isinstance(result, Fault) for result in results):
                        break
            except OspreyError:
                pass


@needs()
async def test_a_cancelled_read_leaves_it_usable(connector: Connector, peer: ConnectorPeer) -> None:
    for delay_s in (0.0, 0.0005, 0.002, 0.01):
        with anyio.move_on_after(delay_s):
            await connector.read(peer.roles.readable() * 20, timeout_s=peer.deadline_s)
        await reading_of(connector, peer.roles.number)


@needs("missing")
async def test_a_wait_for_a_missing_channel_can_be_cancelled(connector: Connector, peer: ConnectorPeer) -> None:
    missing = played(peer, "missing")
    for call in (connector.read, connector.describe, connector.probe):
        with anyio.fail_after(_HANG_S), anyio.move_on_after(0.2):
            await call([missing, peer.roles.number], timeout_s=3600.0)
    await reading_of(connector, peer.roles.number)


@needs("slow_read")
async def test_a_wait_for_a_slow_channel_can_be_cancelled(connector: Connector, peer: ConnectorPeer) -> None:
    with anyio.fail_after(_HANG_S), anyio.move_on_after(0.2) as scope:
        await connector.read([played(peer, "slow_read")], timeout_s=3600.0)
    assert scope.cancelled_caught
    await reading_of(connector, peer.roles.number)


@needs("slow_put")
async def test_a_cancelled_put_leaves_it_usable(connector: Connector, peer: ConnectorPeer) -> None:
    slow, value = played(peer, "slow_put"), peer.roles.number_range[0]
    await connector.read([slow], timeout_s=peer.deadline_s)
    with anyio.fail_after(_HANG_S), anyio.move_on_after(0.2) as scope:
        await send(connector, [put(slow, value)], timeout_s=3600.0)
    assert scope.cancelled_caught
    await set_value(connector, peer.roles.number, value)
    await reading_of(connector, peer.roles.number)


@needs("slow_put", "count_puts")
async def test_a_cancelled_put_was_sent_once_at_most(connector: Connector, peer: ConnectorPeer) -> None:
    slow, (low, high) = played(peer, "slow_put"), peer.roles.number_range
    before = peer.count_puts(slow)
    with anyio.move_on_after(0.2):
        await send(connector, [put(slow, high)], timeout_s=3600.0)
    (last,) = await send(connector, [put(slow, low)], timeout_s=2 * peer.deadline_s)
    assert last.error is None, last
    assert peer.count_puts(slow) - before in (1, 2)
