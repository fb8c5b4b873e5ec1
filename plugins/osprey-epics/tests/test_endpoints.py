"""What is told of the addresses that a target searches."""

from __future__ import annotations

import socket

import pytest
from connecting import Opener
from soft_ioc import SoftIoc

from osprey.control import Endpoint
from osprey_epics.endpoints import CHANNEL_ACCESS, PV_ACCESS, endpoints_of
from osprey_epics.settings import GatewaySettings, GatewaysSettings

pytestmark = pytest.mark.anyio


def told(protocol: object, **environment: str) -> list[tuple[str, bool]]:
    return [(endpoint.address, is_tcp) for endpoint, is_tcp in endpoints_of(protocol, "reads", environment)]  # type: ignore[arg-type]


def test_the_environment_decides_what_is_searched() -> None:
    assert told(CHANNEL_ACCESS) == [("every network interface:5064", False)]
    assert told(
        CHANNEL_ACCESS,
        EPICS_CA_ADDR_LIST="gw1 gw2:5070",
        EPICS_CA_AUTO_ADDR_LIST="NO",
        EPICS_CA_NAME_SERVERS="ns",
        EPICS_CA_SERVER_PORT="5066",
        EPICS_PVA_ADDR_LIST="other",
    ) == [("gw1:5066", False), ("gw2:5070", False), ("ns:5066", True)]


def test_pv_access_searches_another_port_than_it_connects_to() -> None:
    environment = {"EPICS_PVA_ADDR_LIST": "gw", "EPICS_PVA_AUTO_ADDR_LIST": "NO", "EPICS_PVA_NAME_SERVERS": "ns"}
    assert told(PV_ACCESS, **environment) == [("gw:5076", False), ("ns:5075", True)]


async def test_a_search_over_udp_cannot_be_tried(connect: Opener) -> None:
    connector = await connect(5064)
    (endpoint,) = await connector.endpoints(timeout_s=1)
    assert (endpoint.purpose, endpoint.address) == ("reads and writes", "127.0.0.1:5064")
    assert (endpoint.is_reachable, endpoint.latency_ms) == (None, None)
    assert "UDP" in endpoint.note


async def test_gateways_are_told_apart(connect: Opener) -> None:
    connector = await connect(5064, gateways=GatewaysSettings(write=GatewaySettings(port=5070)))
    found = [(endpoint.purpose, endpoint.address) for endpoint in await connector.endpoints(timeout_s=1)]
    assert found == [("reads", "127.0.0.1:5064"), ("writes", "127.0.0.1:5070")]


async def test_a_name_server_is_asked(connect: Opener, ioc: SoftIoc) -> None:
    """An IOC answers searches over TCP as a name server does."""
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        names = [f"127.0.0.1:{ioc.port}", f"127.0.0.1:{nobody.getsockname()[1]}"]
        connector = await connect(5064, address=[], name_servers=names)
        there, absent = await connector.endpoints(timeout_s=5)
    assert isinstance(there, Endpoint)
    assert (there.purpose, there.is_reachable, there.note) == ("reads and writes, name server", True, "")
    assert there.latency_ms is not None
    assert (absent.is_reachable, absent.latency_ms) == (False, None)
    assert "no connection over TCP" in absent.note
