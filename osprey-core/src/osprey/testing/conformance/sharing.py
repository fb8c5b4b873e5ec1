"""Several at once: batches of one connector, and several connectors in one process."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

import anyio

from osprey.control import Connector, Fault, Reading
from osprey.testing.conformance.hand import reading_of, set_value, value_of
from osprey.testing.conformance.parts import needs, played
from osprey.testing.conformance.peer import ConnectorPeer
from osprey.testing.conformance.updates import collect_until

_HANG_S: Final = 60.0
Connect = Callable[[ConnectorPeer], Awaitable[Connector]]


@needs()
async def test_batches_run_side_by_side(connector: Connector, peer: ConnectorPeer) -> None:
    readable = peer.roles.readable()

    async def read(turn: int) -> None:
        names = readable[turn % len(readable) :] + readable[: turn % len(readable)]
        for _ in range(3):
            results = await connector.read(names, timeout_s=peer.deadline_s)
            assert [result.channel for result in results] == names
            assert all(isinstance(result, Reading) for result in results)

    with anyio.fail_after(_HANG_S):
        async with anyio.create_task_group() as group:
            for turn in range(20):
                group.start_soon(read, turn)


@needs("missing")
async def test_a_batch_that_waits_does_not_hold_up_another(connector: Connector, peer: ConnectorPeer) -> None:
    async with anyio.create_task_group() as group:
        group.start_soon(_read_for_ever, connector, played(peer, "missing"))
        await anyio.sleep(0)
        with anyio.fail_after(_HANG_S):
            for _ in range(5):
                await reading_of(connector, peer.roles.number)
        group.cancel_scope.cancel()


async def _read_for_ever(connector: Connector, channel: str) -> None:
    while True:
        (result,) = await connector.read([channel], timeout_s=3600.0)
        assert isinstance(result, Fault)
        await anyio.sleep(0.01)


@needs("slow_put")
async def test_a_read_goes_on_while_a_put_completes(connector: Connector, peer: ConnectorPeer) -> None:
    slow, value = played(peer, "slow_put"), peer.roles.number_range[0]
    await connector.read([slow], timeout_s=peer.deadline_s)
    async with anyio.create_task_group() as group:
        group.start_soon(set_value, connector, slow, value)
        await anyio.sleep(0.05)
        for _ in range(5):
            (result,) = await connector.read([peer.roles.number], timeout_s=peer.deadline_s)
            assert isinstance(result, Reading), result


@needs()
async def test_closing_one_connector_does_not_disturb_another(connect: Connect, peer: ConnectorPeer) -> None:
    first, second = await connect(peer), await connect(peer)
    low, high = peer.roles.number_range
    await reading_of(first, peer.roles.number)
    await set_value(second, peer.roles.number, low)
    async with second.subscribe([peer.roles.number], max_rate_hz=50.0) as updates:
        await collect_until(updates, peer.roles.number, low)
        await first.aclose()
        await set_value(second, peer.roles.number, high)
        assert await value_of(second, peer.roles.number) == high
        await collect_until(updates, peer.roles.number, high)


@needs()
async def test_two_connectors_read_at_the_same_time(connect: Connect, peer: ConnectorPeer) -> None:
    connectors = [await connect(peer) for _ in range(3)]

    async def read(connector: Connector) -> None:
        for _ in range(10):
            await reading_of(connector, peer.roles.number)

    with anyio.fail_after(_HANG_S):
        async with anyio.create_task_group() as group:
            for connector in connectors:
                group.start_soon(read, connector)


@needs()
async def test_a_connector_that_was_opened_again_works(connect: Connect, peer: ConnectorPeer) -> None:
    with anyio.fail_after(_HANG_S):
        for _ in range(5):
            connector = await connect(peer)
            await reading_of(connector, peer.roles.number)
            await connector.aclose()
