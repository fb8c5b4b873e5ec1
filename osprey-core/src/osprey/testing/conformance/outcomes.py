"""Puts that fail, each with its right word: never "ok", and never "surely not sent" when it may have been."""

from __future__ import annotations

import math
from typing import Final

import anyio

from osprey.control import ChannelInfo, Connector, DType, ErrorKind, Put
from osprey.testing.conformance.hand import put, send, value_of
from osprey.testing.conformance.parts import needs, played
from osprey.testing.conformance.peer import ConnectorPeer

_NO: Final = {ErrorKind.REJECTED, ErrorKind.PERMISSION, ErrorKind.OUT_OF_LIMITS, ErrorKind.BAD_VALUE}
_HANG_S: Final = 60.0


@needs("missing")
async def test_a_put_to_a_missing_channel_does_not_hide_the_good_one(connector: Connector, peer: ConnectorPeer) -> None:
    value = peer.roles.number_range[1]
    puts = [put(played(peer, "missing"), value), put(peer.roles.number, value)]
    missing, good = await send(connector, puts, timeout_s=3.0)
    assert (missing.error, missing.was_sent) == (ErrorKind.NOT_FOUND, False)
    assert missing.message
    assert good.error is None, good
    assert await value_of(connector, peer.roles.number) == value


@needs("rejecting")
async def test_a_put_that_the_system_rejects_says_so(connector: Connector, peer: ConnectorPeer) -> None:
    channel = played(peer, "rejecting")
    before = await value_of(connector, channel)
    low, high = peer.roles.number_range
    (result,) = await send(connector, [put(channel, low if before == high else high)], timeout_s=peer.deadline_s)
    assert result.error in (ErrorKind.REJECTED, ErrorKind.PERMISSION), result
    assert result.message
    assert await value_of(connector, channel) == before


@needs("read_only")
async def test_a_put_to_a_read_only_channel_lacks_permission(connector: Connector, peer: ConnectorPeer) -> None:
    channel = played(peer, "read_only")
    (info,) = await connector.describe([channel], timeout_s=peer.deadline_s)
    assert isinstance(info, ChannelInfo)
    value = "x" if info.dtype is DType.STR else 0
    one = Put(channel=channel, value=float(value) if info.dtype is DType.FLOAT else value, dtype=info.dtype)
    (result,) = await send(connector, [one], timeout_s=peer.deadline_s)
    assert result.error is ErrorKind.PERMISSION, result
    assert result.message


@needs("slow_put")
async def test_a_put_that_does_not_complete_in_time_may_have_landed(connector: Connector, peer: ConnectorPeer) -> None:
    slow, number = played(peer, "slow_put"), peer.roles.number
    value = peer.roles.number_range[1]
    await connector.read([slow, number], timeout_s=peer.deadline_s)
    with anyio.fail_after(_HANG_S):
        late, good = await send(connector, [put(slow, value), put(number, value)], timeout_s=peer.slow_deadline_s)
    assert (late.error, late.was_sent) == (ErrorKind.TIMEOUT, True), late
    assert good.error is None, good


@needs("slow_put")
async def test_a_slow_put_completes_if_there_is_time(connector: Connector, peer: ConnectorPeer) -> None:
    slow = played(peer, "slow_put")
    for value in peer.roles.number_range:
        (result,) = await send(connector, [put(slow, value)], timeout_s=2 * peer.deadline_s)
        assert result.error is None, result
        assert await value_of(connector, slow) == value


@needs("slow_put", "count_puts")
async def test_a_put_that_timed_out_is_not_sent_again(connector: Connector, peer: ConnectorPeer) -> None:
    slow, (low, high) = played(peer, "slow_put"), peer.roles.number_range
    (first,) = await send(connector, [put(slow, low)], timeout_s=2 * peer.deadline_s)
    assert first.error is None, first
    before = peer.count_puts(slow)
    await send(connector, [put(slow, high)], timeout_s=peer.slow_deadline_s)
    # A put that completes is behind the late one in the system's own queue, so the late one has landed by then.
    (last,) = await send(connector, [put(slow, low)], timeout_s=2 * peer.deadline_s)
    assert last.error is None, last
    assert peer.count_puts(slow) - before == 2


@needs()
async def test_a_value_of_another_type_is_not_sent(connector: Connector, peer: ConnectorPeer) -> None:
    number = peer.roles.number
    before = await value_of(connector, number)
    (result,) = await send(connector, [put(number, "abc", DType.STR)], timeout_s=peer.deadline_s)
    assert (result.error, result.was_sent) == (ErrorKind.BAD_VALUE, False), result
    assert result.message
    assert await value_of(connector, number) == before


@needs()
async def test_a_value_of_another_shape_is_not_sent(connector: Connector, peer: ConnectorPeer) -> None:
    number = peer.roles.number
    before = await value_of(connector, number)
    (result,) = await send(connector, [put(number, [1.0, 2.0])], timeout_s=peer.deadline_s)
    assert (result.error, result.was_sent) == (ErrorKind.BAD_VALUE, False), result
    assert await value_of(connector, number) == before


@needs("waveform")
async def test_a_text_for_a_waveform_is_not_sent(connector: Connector, peer: ConnectorPeer) -> None:
    (result,) = await send(connector, [put(played(peer, "waveform"), "abc", DType.STR)], timeout_s=peer.deadline_s)
    assert result.error in (ErrorKind.BAD_VALUE, ErrorKind.PERMISSION), result
    assert not result.was_sent


@needs("enumeration")
async def test_a_state_that_does_not_exist_is_not_taken(connector: Connector, peer: ConnectorPeer) -> None:
    channel = played(peer, "enumeration")
    before = await value_of(connector, channel)
    for number in (999, -1):
        (result,) = await send(connector, [put(channel, number, DType.ENUM)], timeout_s=peer.deadline_s)
        assert result.error in _NO, result
    assert await value_of(connector, channel) == before


@needs("limited")
async def test_a_value_beyond_the_limits_is_never_reported_as_set_and_kept(
    connector: Connector, peer: ConnectorPeer
) -> None:
    channel = played(peer, "limited")
    (info,) = await connector.describe([channel], timeout_s=peer.deadline_s)
    assert isinstance(info, ChannelInfo)
    assert info.drive.high is not None
    before = await value_of(connector, channel)
    beyond = 2 * abs(info.drive.high) + 1
    (result,) = await send(connector, [put(channel, beyond)], timeout_s=peer.deadline_s)
    after = await value_of(connector, channel)
    if result.error is None:
        assert after in (info.drive.high, beyond)
    else:
        assert result.error in _NO
        assert after == before


@needs()
async def test_one_bad_value_does_not_keep_back_the_others(connector: Connector, peer: ConnectorPeer) -> None:
    number, value = peer.roles.number, peer.roles.number_range[0]
    puts = [put(number, "abc", DType.STR), put(number, value)]
    bad, good = await send(connector, puts, timeout_s=peer.deadline_s)
    assert bad.error is ErrorKind.BAD_VALUE
    assert good.error is None, good
    assert await value_of(connector, number) == value


@needs()
async def test_a_number_that_is_not_finite_does_no_harm(connector: Connector, peer: ConnectorPeer) -> None:
    number, value = peer.roles.number, peer.roles.number_range[0]
    for strange in (math.nan, math.inf, -math.inf):
        await send(connector, [put(number, strange)], timeout_s=peer.deadline_s)
    (result,) = await send(connector, [put(number, value)], timeout_s=peer.deadline_s)
    assert result.error is None, result
    assert await value_of(connector, number) == value


@needs()
async def test_a_put_to_a_strange_name_is_a_fault_and_no_crash(connector: Connector, peer: ConnectorPeer) -> None:
    if peer.roles.takes_any_name:
        return
    for name in ("", "a\nb", "ключ:µ", "x" * 10_000):
        (result,) = await send(connector, [put(name, 1.0)], timeout_s=1.0)
        assert result.error is not None
        assert not result.was_sent
