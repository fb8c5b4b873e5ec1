"""What a channel is: its canonical name, type, unit, limits, access, and whether it can be reached."""

from __future__ import annotations

from osprey.control import ChannelInfo, ChannelRecord, Connector, DType, ErrorKind, Fault, Reading
from osprey.control.protocols import Surveyor
from osprey.testing.conformance.hand import reading_of
from osprey.testing.conformance.parts import needs, played
from osprey.testing.conformance.peer import ConnectorPeer


async def info_of(connector: Connector, channel: str) -> ChannelInfo:
    """Describe one channel, which has to answer."""
    (info,) = await connector.describe([channel], timeout_s=20.0)
    assert isinstance(info, ChannelInfo), info
    assert info.channel == channel
    return info


@needs()
async def test_descriptions_come_in_the_order_asked(connector: Connector, peer: ConnectorPeer) -> None:
    names = [*peer.roles.readable(), peer.roles.number]
    infos = await connector.describe(names, timeout_s=peer.deadline_s)
    assert [info.channel for info in infos] == names
    assert all(isinstance(info, ChannelInfo) for info in infos)


@needs()
async def test_the_canonical_name_is_its_own_canonical_name(connector: Connector, peer: ConnectorPeer) -> None:
    for channel in peer.roles.readable():
        name = (await info_of(connector, channel)).name
        assert name, channel
        again = await info_of(connector, name)
        assert (again.name, again.is_value_field, again.has_modifier) == (name, True, False)
        await reading_of(connector, name)


@needs()
async def test_the_canonical_name_is_the_same_every_time(connector: Connector, peer: ConnectorPeer) -> None:
    for channel in peer.roles.readable():
        assert len({(await info_of(connector, channel)).name for _ in range(3)}) == 1


@needs()
async def test_two_channels_have_two_canonical_names(connector: Connector, peer: ConnectorPeer) -> None:
    names = peer.roles.readable()
    infos = await connector.describe(names, timeout_s=peer.deadline_s)
    assert len({info.name for info in infos if isinstance(info, ChannelInfo)}) == len(set(names))


@needs("aliases")
async def test_another_spelling_has_the_same_canonical_name(connector: Connector, peer: ConnectorPeer) -> None:
    for alias, name in peer.roles.aliases.items():
        assert (await info_of(connector, alias)).name == name
        assert (await info_of(connector, name)).name == name
        await reading_of(connector, alias)


@needs()
async def test_a_number_is_described(connector: Connector, peer: ConnectorPeer) -> None:
    info = await info_of(connector, peer.roles.number)
    reading = await reading_of(connector, peer.roles.number)
    assert (info.dtype, info.shape) == (DType.FLOAT, ())
    assert (info.writable, info.is_value_field, info.has_modifier, info.is_command) == (True, True, False, False)
    assert info.unit == reading.unit == peer.roles.unit


@needs("enumeration")
async def test_the_states_of_an_enumeration_are_described(connector: Connector, peer: ConnectorPeer) -> None:
    info = await info_of(connector, played(peer, "enumeration"))
    assert info.dtype is DType.ENUM
    assert len(info.labels) >= 2
    assert len(set(info.labels)) == len(info.labels)


@needs("limited")
async def test_the_limits_of_the_system_are_described(connector: Connector, peer: ConnectorPeer) -> None:
    drive = (await info_of(connector, played(peer, "limited"))).drive
    assert drive.low is not None
    assert drive.high is not None
    assert drive.low < drive.high


@needs("read_only")
async def test_a_read_only_channel_is_described_as_one(connector: Connector, peer: ConnectorPeer) -> None:
    assert not (await info_of(connector, played(peer, "read_only"))).writable


@needs("missing")
async def test_a_missing_channel_is_not_described(connector: Connector, peer: ConnectorPeer) -> None:
    names = [played(peer, "missing"), peer.roles.number]
    missing, good = await connector.describe(names, timeout_s=4.0)
    assert isinstance(missing, Fault), missing
    assert missing.kind is ErrorKind.NOT_FOUND
    assert isinstance(good, ChannelInfo), good


@needs("missing")
async def test_a_probe_says_which_channels_can_be_reached(connector: Connector, peer: ConnectorPeer) -> None:
    names = [peer.roles.number, played(peer, "missing"), peer.roles.number]
    statuses = await connector.probe(names, timeout_s=3.0)
    assert [status.channel for status in statuses] == names
    assert [status.is_reachable for status in statuses] == [True, False, True]
    latency_ms = statuses[0].latency_ms
    assert latency_ms is None or latency_ms >= 0
    assert statuses[1].fault is not None
    assert statuses[1].fault.channel == names[1]


@needs()
async def test_a_search_keeps_its_limit_and_finds_channels_that_exist(
    connector: Connector, peer: ConnectorPeer
) -> None:
    assert len(await connector.search("", limit=1)) <= 1
    found = await connector.search("", limit=3)
    assert len(found) <= 3
    assert all(isinstance(record, ChannelRecord) for record in found)
    results = await connector.describe([record.name for record in found], timeout_s=peer.deadline_s)
    assert all(isinstance(result, ChannelInfo) for result in results)


@needs()
async def test_a_search_for_what_is_not_there_finds_nothing(connector: Connector) -> None:
    assert await connector.search("no-such-thing-anywhere-qzx", limit=10) == []


@needs("search")
async def test_a_search_finds_the_number(connector: Connector, peer: ConnectorPeer) -> None:
    name = (await info_of(connector, peer.roles.number)).name
    found = await connector.search(played(peer, "search"), limit=1000)
    assert name in [record.name for record in found]


@needs()
async def test_the_endpoints_are_named_and_answer(connector: Connector, peer: ConnectorPeer) -> None:
    endpoints = await connector.endpoints(timeout_s=peer.deadline_s)
    assert endpoints
    for endpoint in endpoints:
        assert endpoint.purpose
        assert endpoint.address
        assert endpoint.is_reachable is not False, endpoint
        assert endpoint.latency_ms is None or endpoint.latency_ms >= 0


@needs()
async def test_asking_changes_nothing(connector: Connector, peer: ConnectorPeer) -> None:
    before = await reading_of(connector, peer.roles.number)
    await connector.describe(peer.roles.readable(), timeout_s=peer.deadline_s)
    await connector.probe(peer.roles.readable(), timeout_s=peer.deadline_s)
    await connector.endpoints(timeout_s=peer.deadline_s)
    (after,) = await connector.read([peer.roles.number], timeout_s=peer.deadline_s)
    assert isinstance(after, Reading)
    assert after.value == before.value


@needs("missing")
async def test_a_survey_says_what_reading_and_describing_say(connector: Connector, peer: ConnectorPeer) -> None:
    if not isinstance(connector, Surveyor):  # no connector has to be one
        return
    names = [*peer.roles.readable(), played(peer, "missing"), peer.roles.number]
    surveyed = await connector.survey(names, timeout_s=4.0)
    infos = await connector.describe(names, timeout_s=4.0)
    assert [(info.channel, result.channel) for info, result in surveyed] == [(name, name) for name in names]
    for (info, result), described in zip(surveyed, infos, strict=True):
        if isinstance(described, Fault):
            assert isinstance(info, Fault)
            assert isinstance(result, Fault)
            assert info.kind is described.kind
        else:
            assert info == described
            assert isinstance(result, Reading), result
