"""A system that goes away and comes back: no old reading, no put that seems done, and no restart of Osprey."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

import anyio
import anyio.to_thread

from osprey.control import Connector, ErrorKind, Fault, Reading, Updates
from osprey.testing.conformance.hand import put, reading_of, send, set_value, value_of
from osprey.testing.conformance.parts import needs
from osprey.testing.conformance.peer import ConnectorPeer

_HANG_S: Final = 90.0
Connect = Callable[[ConnectorPeer], Awaitable[Connector]]


async def _until_read(connector: Connector, channel: str, *, is_reading: bool) -> list[Fault | Reading]:
    """Read until the answer is a reading, or until the loss has its own word; give all that was answered."""
    seen: list[Fault | Reading] = []
    with anyio.fail_after(_HANG_S):
        while True:
            (result,) = await connector.read([channel], timeout_s=1.0)
            seen.append(result)
            if is_reading and isinstance(result, Reading):
                return seen
            if not is_reading and isinstance(result, Fault) and result.kind is ErrorKind.UNREACHABLE:
                return seen
            await anyio.sleep(0.05)


@needs("stops")
async def test_a_lost_system_is_unreachable_and_no_reading_is_old(connect: Connect, mortal_peer: ConnectorPeer) -> None:
    connector = await connect(mortal_peer)
    await reading_of(connector, mortal_peer.roles.number)
    await anyio.to_thread.run_sync(mortal_peer.stop)
    seen = await _until_read(connector, mortal_peer.roles.number, is_reading=False)
    assert all(isinstance(result, Fault) for result in seen)
    assert {getattr(result, "kind", None) for result in seen} <= {ErrorKind.UNREACHABLE, ErrorKind.TIMEOUT}


@needs("stops")
async def test_a_put_to_a_lost_system_is_never_done(connect: Connect, mortal_peer: ConnectorPeer) -> None:
    connector = await connect(mortal_peer)
    number, (low, high) = mortal_peer.roles.number, mortal_peer.roles.number_range
    await set_value(connector, number, low)
    await anyio.to_thread.run_sync(mortal_peer.stop)
    with anyio.fail_after(_HANG_S):
        for _ in range(3):
            (result,) = await send(connector, [put(number, high)], timeout_s=1.0)
            assert result.error is not None
            assert result.message


@needs("stops")
async def test_a_lost_system_is_not_reachable_by_a_probe(connect: Connect, mortal_peer: ConnectorPeer) -> None:
    connector = await connect(mortal_peer)
    await reading_of(connector, mortal_peer.roles.number)
    await anyio.to_thread.run_sync(mortal_peer.stop)
    with anyio.fail_after(_HANG_S):
        (status,) = await connector.probe([mortal_peer.roles.number], timeout_s=1.0)
        endpoints = await connector.endpoints(timeout_s=1.0)
    assert not status.is_reachable
    assert all(endpoint.is_reachable is not True for endpoint in endpoints)


@needs("stops")
async def test_what_came_back_is_read_again(connect: Connect, mortal_peer: ConnectorPeer) -> None:
    connector = await connect(mortal_peer)
    number, (low, high) = mortal_peer.roles.number, mortal_peer.roles.number_range
    await set_value(connector, number, low)
    await anyio.to_thread.run_sync(mortal_peer.stop)
    await _until_read(connector, number, is_reading=False)
    await anyio.to_thread.run_sync(mortal_peer.start)
    await _until_read(connector, number, is_reading=True)
    for value in (high, low):
        await set_value(connector, number, value)
        assert await value_of(connector, number) == value


@needs("stops")
async def test_a_subscription_tells_of_the_loss_and_of_the_return(connect: Connect, mortal_peer: ConnectorPeer) -> None:
    connector = await connect(mortal_peer)
    number = mortal_peer.roles.number
    async with connector.subscribe([number], max_rate_hz=20.0) as updates:
        await _wait_for(updates, Reading)
        await anyio.to_thread.run_sync(mortal_peer.stop)
        await _wait_for(updates, Fault)
        await anyio.to_thread.run_sync(mortal_peer.start)
        await _wait_for(updates, Reading)


@needs("stops")
async def test_a_loss_in_the_middle_of_reading_hurts_nobody(connect: Connect, mortal_peer: ConnectorPeer) -> None:
    connector = await connect(mortal_peer)
    number = mortal_peer.roles.number
    await reading_of(connector, number)
    has_fault = anyio.Event()

    async def keep_reading() -> None:
        while not has_fault.is_set():
            (result,) = await connector.read([number], timeout_s=1.0)
            if isinstance(result, Fault):
                has_fault.set()

    with anyio.fail_after(_HANG_S):
        async with anyio.create_task_group() as group:
            group.start_soon(keep_reading)
            group.start_soon(keep_reading)
            await anyio.to_thread.run_sync(mortal_peer.stop)
            await has_fault.wait()


async def _wait_for(updates: Updates, kind: type[Reading | Fault]) -> None:
    with anyio.fail_after(_HANG_S):
        async for results in updates:
            if any(isinstance(result, kind) for result in results):
                return
    msg = f"the updates ended before a {kind.__name__} came"
    raise AssertionError(msg)
