"""Puts that the system takes: each is sent once, completes, and can be read."""

from __future__ import annotations

from osprey.control import ChannelInfo, Connector, DType, Scalar, Value
from osprey.control.comparison import to_plain
from osprey.testing.conformance.hand import put, reading_of, send, set_value, value_of
from osprey.testing.conformance.parts import needs, played
from osprey.testing.conformance.peer import ConnectorPeer


async def _set_and_read(connector: Connector, channel: str, values: list[Value], dtype: DType) -> None:
    for value in values:
        await set_value(connector, channel, value, dtype)
        assert await value_of(connector, channel) == value


@needs()
async def test_an_empty_batch_of_puts_has_an_empty_answer(connector: Connector, peer: ConnectorPeer) -> None:
    assert await send(connector, [], timeout_s=peer.deadline_s) == []


@needs("integer")
async def test_an_integer_is_set(connector: Connector, peer: ConnectorPeer) -> None:
    await _set_and_read(connector, played(peer, "integer"), [1, 2, 1], DType.INT)


@needs("flag")
async def test_a_flag_is_set(connector: Connector, peer: ConnectorPeer) -> None:
    await _set_and_read(connector, played(peer, "flag"), [True, False, True], DType.BOOL)


@needs("text")
async def test_a_text_is_set(connector: Connector, peer: ConnectorPeer) -> None:
    await _set_and_read(connector, played(peer, "text"), ["one", "two words", "one"], DType.STR)


@needs("enumeration")
async def test_an_enumeration_is_set_by_number(connector: Connector, peer: ConnectorPeer) -> None:
    channel = played(peer, "enumeration")
    (info,) = await connector.describe([channel], timeout_s=peer.deadline_s)
    assert isinstance(info, ChannelInfo)
    for number in (1, 0, 1):
        await set_value(connector, channel, number, DType.ENUM)
        reading = await reading_of(connector, channel)
        assert (to_plain(reading.value), reading.label) == (number, info.labels[number])


@needs("waveform")
async def test_a_waveform_is_set_element_by_element(connector: Connector, peer: ConnectorPeer) -> None:
    channel = played(peer, "waveform")
    (info,) = await connector.describe([channel], timeout_s=peer.deadline_s)
    if not getattr(info, "writable", False):
        return
    length = len(_listed(await value_of(connector, channel)))
    for first in (0.0, 1.0):
        values: list[Scalar] = [first + place / 64 for place in range(length)]
        await set_value(connector, channel, values)
        assert _listed(await value_of(connector, channel)) == values


@needs("limited")
async def test_a_value_at_the_limit_of_the_system_is_taken(connector: Connector, peer: ConnectorPeer) -> None:
    channel = played(peer, "limited")
    (info,) = await connector.describe([channel], timeout_s=peer.deadline_s)
    assert isinstance(info, ChannelInfo)
    for bound in (info.drive.low, info.drive.high):
        assert bound is not None
        await set_value(connector, channel, bound)
        assert await value_of(connector, channel) == bound


@needs("text", "integer")
async def test_puts_of_one_batch_go_together(connector: Connector, peer: ConnectorPeer) -> None:
    number, text, integer = peer.roles.number, played(peer, "text"), played(peer, "integer")
    low, high = peer.roles.number_range
    for value, word, count in ((high, "high", 2), (low, "low", 1)):
        puts = [put(text, word, DType.STR), put(number, value), put(integer, count, DType.INT)]
        results = await send(connector, puts, timeout_s=peer.deadline_s)
        assert [result.error for result in results] == [None, None, None]
        readings = await connector.read([text, number, integer], timeout_s=peer.deadline_s)
        assert [to_plain(getattr(reading, "value", None)) for reading in readings] == [word, value, count]


@needs()
async def test_two_puts_to_a_channel_in_one_batch_have_two_answers(connector: Connector, peer: ConnectorPeer) -> None:
    low, high = peer.roles.number_range
    number = peer.roles.number
    results = await send(connector, [put(number, low), put(number, high)], timeout_s=peer.deadline_s)
    assert len(results) == 2
    assert await value_of(connector, number) in (low, high)


@needs("aliases")
async def test_a_put_by_another_spelling_reaches_the_channel(connector: Connector, peer: ConnectorPeer) -> None:
    low, high = peer.roles.number_range
    for alias, name in peer.roles.aliases.items():
        if name != peer.roles.number:
            continue
        await set_value(connector, name, low)
        await set_value(connector, alias, high)
        assert await value_of(connector, name) == high


@needs("count_puts")
async def test_each_put_is_sent_once(connector: Connector, peer: ConnectorPeer) -> None:
    number, (low, high) = peer.roles.number, peer.roles.number_range
    before = peer.count_puts(number)
    for step in range(50):
        await set_value(connector, number, high if step % 2 else low)
    assert peer.count_puts(number) - before == 50


@needs("count_puts")
async def test_both_puts_to_a_channel_in_one_batch_are_sent_once(connector: Connector, peer: ConnectorPeer) -> None:
    number, (low, high) = peer.roles.number, peer.roles.number_range
    before = peer.count_puts(number)
    results = await send(connector, [put(number, low), put(number, high)], timeout_s=peer.deadline_s)
    sent = sum(result.was_sent for result in results)
    assert peer.count_puts(number) - before == sent


@needs("count_puts")
async def test_reading_and_describing_put_nothing(connector: Connector, peer: ConnectorPeer) -> None:
    number = peer.roles.number
    before = peer.count_puts(number)
    await connector.read([number], timeout_s=peer.deadline_s)
    await connector.describe([number], timeout_s=peer.deadline_s)
    await connector.probe([number], timeout_s=peer.deadline_s)
    async with connector.subscribe([number]) as updates:
        await anext(updates)
    assert peer.count_puts(number) == before


def _listed(value: Value) -> list[Scalar]:
    assert isinstance(value, list)
    return value
