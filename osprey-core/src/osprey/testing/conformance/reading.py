"""Reading in batches: order, length, one bad channel among good ones, one deadline for all."""

from __future__ import annotations

from typing import Final

import anyio

from osprey.control import Connector, ErrorKind, Fault, Reading
from osprey.testing.conformance.hand import reading_of, set_value, value_of
from osprey.testing.conformance.parts import needs, played
from osprey.testing.conformance.peer import ConnectorPeer

HOSTILE: Final = (
    "",
    " ",
    "two words",
    "a\nb",
    "tab\there",
    "nul\0byte",
    "ключ:µ",
    "日本語/名前/値",
    "\ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16"),
    "x" * 10_000,
    "../../etc/passwd",
    "a'; DROP TABLE channels; --",
    "%s%n{0}",
    ":",
    "/",
    ".",
    "*",
)
_HANG_S: Final = 60.0
"""Far beyond every deadline that is given: what takes as long hangs."""


@needs()
async def test_results_come_in_the_order_asked(connector: Connector, peer: ConnectorPeer) -> None:
    names = [*peer.roles.readable(), *reversed(peer.roles.readable())]
    results = await connector.read(names, timeout_s=peer.deadline_s)
    assert [result.channel for result in results] == names
    assert all(isinstance(result, Reading) for result in results)


@needs()
async def test_a_channel_asked_twice_is_answered_twice(connector: Connector, peer: ConnectorPeer) -> None:
    names = [peer.roles.number] * 3
    results = await connector.read(names, timeout_s=peer.deadline_s)
    assert [result.channel for result in results] == names
    assert all(isinstance(result, Reading) for result in results)


@needs()
async def test_an_empty_batch_has_an_empty_answer(connector: Connector, peer: ConnectorPeer) -> None:
    assert await connector.read([], timeout_s=peer.deadline_s) == []
    assert await connector.describe([], timeout_s=peer.deadline_s) == []
    assert await connector.probe([], timeout_s=peer.deadline_s) == []


@needs("missing")
async def test_a_missing_name_does_not_hide_the_good_ones(connector: Connector, peer: ConnectorPeer) -> None:
    names = [peer.roles.number, played(peer, "missing"), peer.roles.number]
    first, missing, last = await connector.read(names, timeout_s=2.0)
    assert isinstance(first, Reading), first
    assert isinstance(last, Reading), last
    assert isinstance(missing, Fault), missing
    assert (missing.channel, missing.kind) == (played(peer, "missing"), ErrorKind.NOT_FOUND)
    assert missing.message


@needs("missing")
async def test_a_batch_with_a_missing_name_ends_with_its_deadline(connector: Connector, peer: ConnectorPeer) -> None:
    names = [played(peer, "missing"), *peer.roles.readable()]
    with anyio.fail_after(_HANG_S):
        for timeout_s in (peer.slow_deadline_s, 1.0):
            results = await connector.read(names, timeout_s=timeout_s)
            assert len(results) == len(names)


@needs("slow_read")
async def test_a_slow_channel_times_out_among_good_ones(connector: Connector, peer: ConnectorPeer) -> None:
    slow = played(peer, "slow_read")
    await connector.read([peer.roles.number, slow], timeout_s=peer.deadline_s)
    with anyio.fail_after(_HANG_S):
        good, late = await connector.read([peer.roles.number, slow], timeout_s=peer.slow_deadline_s)
    assert isinstance(good, Reading), good
    assert isinstance(late, Fault), late
    assert late.kind is ErrorKind.TIMEOUT


@needs("slow_read")
async def test_a_slow_channel_is_read_if_there_is_time(connector: Connector, peer: ConnectorPeer) -> None:
    await reading_of(connector, played(peer, "slow_read"))


@needs("slow_read")
async def test_a_reading_that_came_too_late_does_not_spoil_the_next(connector: Connector, peer: ConnectorPeer) -> None:
    slow = played(peer, "slow_read")
    await connector.read([slow], timeout_s=peer.slow_deadline_s)
    await reading_of(connector, peer.roles.number)
    (again,) = await connector.read([slow], timeout_s=2 * peer.deadline_s)
    assert isinstance(again, Reading), again


@needs()
async def test_a_deadline_that_has_passed_is_answered_at_once(connector: Connector, peer: ConnectorPeer) -> None:
    for timeout_s in (0.0, 1e-9):
        with anyio.fail_after(_HANG_S):
            (result,) = await connector.read([peer.roles.number], timeout_s=timeout_s)
        assert isinstance(result, Reading) or result.kind in (ErrorKind.TIMEOUT, ErrorKind.NOT_FOUND), result
    await reading_of(connector, peer.roles.number)


@needs()
async def test_a_thousand_names_are_one_batch(connector: Connector, peer: ConnectorPeer) -> None:
    readable = peer.roles.readable()
    names = [readable[place % len(readable)] for place in range(1000)]
    results = await connector.read(names, timeout_s=peer.deadline_s)
    assert [result.channel for result in results] == names
    assert all(isinstance(result, Reading) for result in results)


@needs("missing")
async def test_a_thousand_missing_names_are_a_thousand_faults(connector: Connector, peer: ConnectorPeer) -> None:
    names = [f"{played(peer, 'missing')}{place}" for place in range(1000)]
    with anyio.fail_after(_HANG_S):
        *missing, good = await connector.read([*names, peer.roles.number], timeout_s=5.0)
    assert [result.channel for result in missing] == names
    assert all(isinstance(result, Fault) for result in missing)
    assert isinstance(good, Reading), good


@needs()
async def test_a_strange_name_is_a_fault_and_no_crash(connector: Connector, peer: ConnectorPeer) -> None:
    names = [peer.roles.number, *HOSTILE, peer.roles.number]
    for call in (connector.read, connector.describe):
        with anyio.fail_after(_HANG_S):
            results = await call(names, timeout_s=2.0)
        assert [result.channel for result in results] == names
        assert not isinstance(results[0], Fault), results[0]
        assert not isinstance(results[-1], Fault), results[-1]
        if not peer.roles.takes_any_name:
            assert all(isinstance(result, Fault) for result in results[1:-1])
    statuses = await connector.probe(names, timeout_s=2.0)
    assert [status.channel for status in statuses] == names
    assert statuses[0].is_reachable


@needs()
async def test_each_reading_is_fresh(connector: Connector, peer: ConnectorPeer) -> None:
    low, high = peer.roles.number_range
    for step in range(200):
        value = low + (high - low) * ((step * 37) % 128) / 128
        await set_value(connector, peer.roles.number, value)
        assert _near(await value_of(connector, peer.roles.number), value), step


def _near(value: object, expected: float) -> bool:
    return isinstance(value, float) and abs(value - expected) <= 1e-6 * max(1.0, abs(expected))
